import { createHmac, timingSafeEqual } from 'node:crypto';

/** Seconds for which a token is good. */
export const tokenLifetime = 3600;

const header = encode({ alg: 'HS256', typ: 'JWT' });

/** Issues a JSON Web Token (RFC 7519, HS256) with which an agent proves who it is. */
export function issueToken(agentId: string, secret: string, now: Date): string {
  const exp = Math.floor(now.getTime() / 1000) + tokenLifetime;
  const content = `${header}.${encode({ sub: agentId, exp })}`;
  return `${content}.${sign(content, secret)}`;
}

/** The agent that a token was issued for; undefined for a token that is forged, expired or none at all. */
export function verifyToken(token: string, secret: string, now: Date): string | undefined {
  const [head, payload, signature, ...rest] = token.split('.');
  if (head !== header || !payload || !signature || rest.length > 0) return undefined;
  const given = Buffer.from(signature);
  const expected = Buffer.from(sign(`${head}.${payload}`, secret));
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const { sub, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
    sub: string;
    exp: number;
  };
  return exp * 1000 > now.getTime() ? sub : undefined;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function sign(content: string, secret: string): string {
  return createHmac('sha256', secret).update(content).digest('base64url');
}
