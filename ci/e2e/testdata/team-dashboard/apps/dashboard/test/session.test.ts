import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorizeUrl } from '../src/github.ts';
import { seal, unseal } from '../src/session.ts';

const now = new Date('2026-01-01T00:00:00Z');
const later = new Date('2026-01-01T08:00:00Z');
const sealed = seal('ada', later, 'secret');

test('a sealed value can be read until it expires', () => {
  assert.equal(unseal(sealed, now, 'secret'), 'ada');
  assert.equal(unseal(sealed, later, 'secret'), undefined);
});

const [, expires, signature] = sealed.split('.');
const bob = Buffer.from('bob').toString('base64url');
const forged = {
  absent: undefined,
  'of another key': seal('ada', later, 'other'),
  'with another value': `${bob}.${expires}.${signature}`,
  'with a later end': sealed.replace(expires!, String(later.getTime() + 1)),
  'that is none': 'ada',
};
for (const [kind, cookie] of Object.entries(forged)) {
  test(`a cookie ${kind} is refused`, () => assert.equal(unseal(cookie, now, 'secret'), undefined));
}

test('GitHub is asked to send the person back to the public URL', () => {
  const github = { clientId: 'id', clientSecret: 'secret' };
  const url = new URL(authorizeUrl(github, 'https://team-dashboard.app', 'state-1'));
  assert.equal(url.origin, 'https://github.com');
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    client_id: 'id',
    redirect_uri: 'https://team-dashboard.app/auth/callback',
    scope: 'read:user',
    state: 'state-1',
  });
});
