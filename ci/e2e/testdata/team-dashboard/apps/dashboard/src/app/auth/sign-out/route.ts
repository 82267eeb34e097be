import { setCookie } from '../../../cookies.ts';
import { seeOther } from '../../../forms.ts';
import { getRuntime } from '../../../runtime.ts';
import { sessionCookie } from '../../../session.ts';

export function POST(): Response {
  return seeOther('/', setCookie(sessionCookie, '', 0, getRuntime().signIn));
}
