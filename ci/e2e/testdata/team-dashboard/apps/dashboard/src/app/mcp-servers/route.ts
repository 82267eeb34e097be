import { readForm, seeOther } from '../../forms.ts';
import { getRuntime } from '../../runtime.ts';

export async function POST(request: Request): Promise<Response> {
  const form = await readForm(request);
  try {
    await getRuntime().mcpManager.post('/api/mcp/servers', { name: form?.name, url: form?.url });
  } catch {
    return seeOther('/?failed=mcp-server');
  }
  return seeOther('/');
}
