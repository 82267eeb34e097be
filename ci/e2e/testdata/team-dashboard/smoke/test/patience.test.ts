import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitFor } from '../src/patience.ts';

test('every attempt is made until it succeeds', async () => {
  let calls = 0;
  const third = () => (++calls < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve());
  await waitFor([third], 60_000);
  assert.equal(calls, 3);
});

test('without patience nothing is attempted', async () => {
  await waitFor([() => assert.fail('attempted')], 0);
});
