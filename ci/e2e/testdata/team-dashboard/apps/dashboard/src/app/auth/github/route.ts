import { randomUUID } from 'node:crypto';
import { setCookie } from '../../../cookies.ts';
import { seeOther } from '../../../forms.ts';
import { authorizeUrl } from '../../../github.ts';
import { getRuntime } from '../../../runtime.ts';
import { stateCookie, stateLifetime } from '../../../session.ts';

export const dynamic = 'force-dynamic';

export function GET(): Response {
  const { signIn } = getRuntime();
  if (!signIn.github) return seeOther('/sign-in');
  const state = randomUUID();
  const cookie = setCookie(stateCookie, state, stateLifetime, signIn);
  return seeOther(authorizeUrl(signIn.github, signIn.publicUrl, state), cookie);
}
