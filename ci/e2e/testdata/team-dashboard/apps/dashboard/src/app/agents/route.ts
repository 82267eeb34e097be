import { readForm, seeOther } from '../../forms.ts';
import { getRuntime } from '../../runtime.ts';

export async function POST(request: Request): Promise<Response> {
  const form = await readForm(request);
  const agent = { name: form?.name, ...(form?.role && { role: form.role }) };
  try {
    await getRuntime().agentManager.post('/api/agents', agent);
  } catch {
    return seeOther('/?failed=agent');
  }
  return seeOther('/');
}
