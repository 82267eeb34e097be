import { cookies } from 'next/headers';
import { setCookie } from '../../../cookies.ts';
import { seeOther } from '../../../forms.ts';
import { fetchLogin } from '../../../github.ts';
import { getRuntime } from '../../../runtime.ts';
import { sessionCookie, sessionLifetime, stateCookie, unseal } from '../../../session.ts';

/** GitHub sends a person back here. The state proves that this browser began the sign-in. */
export async function GET(request: Request): Promise<Response> {
  const { signIn, activity } = getRuntime();
  const query = new URL(request.url).searchParams;
  const sealed = (await cookies()).get(stateCookie)?.value;
  const state = unseal(sealed, new Date(), signIn.secret);
  const code = query.get('code');
  if (!signIn.github || !code || !state || state !== query.get('state')) {
    activity.signedIn('failed');
    return seeOther('/?failed=sign-in');
  }
  try {
    const login = await fetchLogin(signIn.github, code);
    activity.signedIn('succeeded');
    return seeOther('/', setCookie(sessionCookie, login, sessionLifetime, signIn));
  } catch (error) {
    console.error('signing in by GitHub failed:', error);
    activity.signedIn('failed');
    return seeOther('/?failed=sign-in');
  }
}
