import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { drawAvatar } from '../src/avatar.ts';

test('a name has one picture, another name another', () => {
  assert.equal(drawAvatar('Ada'), drawAvatar('Ada'));
  assert.notEqual(drawAvatar('Ada'), drawAvatar('Grace'));
});

test('the native image library of this platform draws it', async () => {
  const picture = await sharp(Buffer.from(drawAvatar('Ada')))
    .webp()
    .toBuffer();
  const { format, width, height } = await sharp(picture).metadata();
  assert.deepEqual([format, width, height], ['webp', 96, 96]);
});
