import { createHmac, timingSafeEqual } from 'node:crypto';

/** Name of the cookie that says who is signed in. */
export const sessionCookie = 'team-dashboard.session';
/** Name of the cookie that ties the answer of GitHub to the browser that asked. */
export const stateCookie = 'team-dashboard.state';
/** Seconds. */
export const sessionLifetime = 8 * 3600;
export const stateLifetime = 600;

/** Signs a value that is good until `expires`, so that it can be kept in a cookie. */
export function seal(value: string, expires: Date, secret: string): string {
  const content = `${Buffer.from(value).toString('base64url')}.${expires.getTime()}`;
  return `${content}.${signature(content, secret)}`;
}

/** The value of a signed cookie; undefined when it is forged, expired or malformed. */
export function unseal(sealed: string | undefined, now: Date, secret: string): string | undefined {
  const [value, expires, given, ...rest] = (sealed ?? '').split('.');
  if (!value || !expires || !given || rest.length > 0) return undefined;
  const expected = Buffer.from(signature(`${value}.${expires}`, secret));
  const actual = Buffer.from(given);
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return undefined;
  return Number(expires) > now.getTime() ? Buffer.from(value, 'base64url').toString() : undefined;
}

function signature(content: string, secret: string): string {
  return createHmac('sha256', secret).update(content).digest('base64url');
}
