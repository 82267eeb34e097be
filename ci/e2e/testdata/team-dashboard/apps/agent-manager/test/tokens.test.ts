import assert from 'node:assert/strict';
import { test } from 'node:test';
import { issueToken, tokenLifetime, verifyToken } from '../src/tokens.ts';

const now = new Date('2026-01-01T00:00:00Z');
const token = issueToken('agent-1', 'secret', now);

test('a token names the agent that it was issued for', () => {
  assert.equal(verifyToken(token, 'secret', now), 'agent-1');
});

test('a token is good for its lifetime only', () => {
  const end = now.getTime() + tokenLifetime * 1000;
  assert.equal(verifyToken(token, 'secret', new Date(end - 1)), 'agent-1');
  assert.equal(verifyToken(token, 'secret', new Date(end)), undefined);
});

const [header, , signature] = token.split('.');
const other = Buffer.from(JSON.stringify({ sub: 'agent-2', exp: 9e9 })).toString('base64url');
const forged = {
  'of another key': issueToken('agent-1', 'other', now),
  'with changed content': `${header}.${other}.${signature}`,
  'without signature': `${header}.${other}.`,
  'with another algorithm': token.replace(
    header!,
    Buffer.from('{"alg":"none"}').toString('base64url'),
  ),
  'that is none': 'token',
};
for (const [kind, text] of Object.entries(forged)) {
  test(`a token ${kind} is refused`, () =>
    assert.equal(verifyToken(text, 'secret', now), undefined));
}
