import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readForm, seeOther } from '../src/forms.ts';

const form = (site: string) =>
  new Request('http://dashboard/agents', {
    method: 'POST',
    headers: { 'sec-fetch-site': site },
    body: new URLSearchParams({ name: ' Ada ' }),
  });

test('fields of a form are trimmed', async () => {
  assert.deepEqual(await readForm(form('same-origin')), { name: 'Ada' });
});

test('a form of another site is not read', async () => {
  assert.equal(await readForm(form('cross-site')), undefined);
});

test('after a form the browser gets another page', () => {
  const response = seeOther('/', 'a=b');
  assert.equal(response.status, 303);
  assert.equal(response.headers.get('location'), '/');
  assert.equal(response.headers.get('set-cookie'), 'a=b');
});
