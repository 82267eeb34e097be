import type { SignIn } from './runtime.ts';

/** Milliseconds for each of GitHub's answers. */
const timeoutMs = 10_000;

type Github = NonNullable<SignIn['github']>;

/** Where a person allows the dashboard to know who they are. */
export function authorizeUrl(github: Github, publicUrl: string, state: string): string {
  const url = new URL('https://github.com/login/oauth/authorize');
  url.searchParams.set('client_id', github.clientId);
  url.searchParams.set('redirect_uri', new URL('/auth/callback', publicUrl).href);
  url.searchParams.set('scope', 'read:user');
  url.searchParams.set('state', state);
  return url.href;
}

/** Exchanges the code of GitHub's redirect for the person's login name. */
export async function fetchLogin(github: Github, code: string): Promise<string> {
  const grant = await json<{ access_token?: string }>(
    'https://github.com/login/oauth/access_token',
    {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify({
        client_id: github.clientId,
        client_secret: github.clientSecret,
        code,
      }),
    },
  );
  if (!grant.access_token) throw new Error('GitHub did not accept the sign-in code');
  const user = await json<{ login: string }>('https://api.github.com/user', {
    headers: { accept: 'application/json', authorization: `Bearer ${grant.access_token}` },
  });
  return user.login;
}

async function json<T>(url: string, init: RequestInit): Promise<T> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`GitHub answered with status ${response.status}`);
  return (await response.json()) as T;
}
