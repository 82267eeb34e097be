import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Health } from '../src/health.ts';
import { settings } from './sample.ts';

test('all dependencies well: the report is ok', async () => {
  const health = new Health(settings).add('postgres', () => Promise.resolve(1));
  const { status, service, release, slot, dependencies } = await health.report();
  assert.deepEqual([status, service, release, slot], ['ok', 'sample', 'v1', 'green']);
  assert.equal(dependencies.postgres?.status, 'ok');
  assert.equal(typeof dependencies.postgres?.latencyMs, 'number');
});

test('one failing dependency: the report says which and why', async () => {
  const health = new Health(settings)
    .add('postgres', () => Promise.reject(new Error('connection refused')))
    .add('redis', () => Promise.resolve('PONG'));
  const { status, dependencies } = await health.report();
  assert.equal(status, 'error');
  assert.equal(dependencies.postgres?.error, 'connection refused');
  assert.equal(dependencies.redis?.status, 'ok');
});

test('only the named dependencies are tried', async () => {
  const health = new Health(settings)
    .add('postgres', () => Promise.reject(new Error('connection refused')))
    .add('redis', () => Promise.resolve('PONG'));
  const { status, dependencies } = await health.report(['redis']);
  assert.equal(status, 'ok');
  assert.deepEqual(Object.keys(dependencies), ['redis']);
});

test('a dependency that hangs counts as failed', async () => {
  const health = new Health(settings, 1).add('redis', () => new Promise(() => {}));
  const { dependencies } = await health.report();
  assert.deepEqual(
    [dependencies.redis?.status, dependencies.redis?.error],
    ['error', 'no answer within 1 ms'],
  );
});

test('the text of several failed addresses is kept', async () => {
  const failure = new AggregateError([
    new Error('refused by ::1'),
    new Error('refused by 127.0.0.1'),
  ]);
  const health = new Health(settings).add('postgres', () => Promise.reject(failure));
  const { dependencies } = await health.report();
  assert.equal(dependencies.postgres?.error, 'refused by ::1; refused by 127.0.0.1');
});
