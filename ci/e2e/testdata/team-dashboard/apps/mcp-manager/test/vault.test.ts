import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Vault } from '../src/vault.ts';

const vault = new Vault('a key');

test('what was sealed can be opened with the same key', () => {
  assert.equal(new Vault('a key').open(vault.seal('grüße')), 'grüße');
});

test('the same text looks different each time', () => {
  assert.notEqual(vault.seal('text'), vault.seal('text'));
});

test('another key or a changed text is refused', () => {
  const sealed = vault.seal('text');
  assert.throws(() => new Vault('another key').open(sealed));
  const changed = Buffer.from(sealed, 'base64');
  changed[changed.length - 1]! ^= 1;
  assert.throws(() => vault.open(changed.toString('base64')));
});
