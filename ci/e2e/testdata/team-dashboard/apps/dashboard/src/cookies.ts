import type { SignIn } from './runtime.ts';
import { seal } from './session.ts';

/** The header that stores a signed value in the browser for the given seconds; 0 removes it. */
export function setCookie(name: string, value: string, seconds: number, signIn: SignIn): string {
  const sealed = seal(value, new Date(Date.now() + seconds * 1000), signIn.secret);
  // GitHub's redirect comes from another site; `Lax` lets the cookie come with it.
  const attributes = [
    `${name}=${sealed}`,
    'Path=/',
    'HttpOnly',
    'SameSite=Lax',
    `Max-Age=${seconds}`,
  ];
  if (signIn.publicUrl.startsWith('https:')) attributes.push('Secure');
  return attributes.join('; ');
}
