/** Sends the browser to another page of the dashboard after a form, so that a reload does not send the form again. */
export function seeOther(location: string, cookie?: string): Response {
  const headers = new Headers({ location });
  if (cookie) headers.append('set-cookie', cookie);
  return new Response(null, { status: 303, headers });
}

/** Reads the text fields of a form that one of the dashboard's own pages sent; undefined if another site did. */
export async function readForm(request: Request): Promise<Record<string, string> | undefined> {
  if (request.headers.get('sec-fetch-site') === 'cross-site') return undefined;
  const form = await request.formData();
  const fields = [...form].filter(
    (field): field is [string, string] => typeof field[1] === 'string',
  );
  return Object.fromEntries(fields.map(([name, value]) => [name, value.trim()]));
}
