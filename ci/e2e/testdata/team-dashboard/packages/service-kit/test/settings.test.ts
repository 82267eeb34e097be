import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSettings, required, requiredUrl } from '../src/settings.ts';

test('settings have defaults for a developer', () => {
  assert.deepEqual(readSettings('dashboard', 3000, {}), {
    service: 'dashboard',
    host: '127.0.0.1',
    port: 3000,
    release: 'dev',
    slot: '',
    environment: 'development',
  });
});

test('settings come from the environment', () => {
  const env = {
    HOST: '0.0.0.0',
    PORT: '80',
    RELEASE: 'v2',
    SLOT: 'green',
    ENVIRONMENT: 'production',
  };
  assert.deepEqual(readSettings('dashboard', 3000, env), {
    service: 'dashboard',
    host: '0.0.0.0',
    port: 80,
    release: 'v2',
    slot: 'green',
    environment: 'production',
  });
});

for (const port of ['http', '70000', '-1', '1.5']) {
  test(`PORT=${port} is refused by name`, () => {
    assert.throws(
      () => readSettings('dashboard', 3000, { PORT: port }),
      /reading PORT: ".+" is no port/,
    );
  });
}

test('a missing variable is named with its purpose', () => {
  assert.throws(
    () => required({ KEY: '' }, 'KEY', 'the key of the door'),
    /KEY.*the key of the door/,
  );
  assert.equal(required({ KEY: 'k' }, 'KEY', 'the key of the door'), 'k');
});

test('what is no URL is refused without being shown', () => {
  const read = (url: string) => requiredUrl({ POSTGRES_URL: url }, 'POSTGRES_URL', 'the database');
  assert.equal(read('postgres://u:p@db/team'), 'postgres://u:p@db/team');
  assert.throws(
    () => read('hunter2@db:5432'),
    (error: Error) => {
      assert.match(error.message, /^reading POSTGRES_URL: it is no URL/);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    },
  );
});
