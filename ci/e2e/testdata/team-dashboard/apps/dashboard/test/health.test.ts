import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HealthReport } from '@team-dashboard/service-kit';
import { aggregateHealth } from '../src/health.ts';

const report = (service: string, status: 'ok' | 'error' = 'ok'): HealthReport => ({
  status,
  service,
  release: 'v1',
  slot: 'blue',
  dependencies: {},
});

const service = (name: string, health: () => Promise<HealthReport>) => ({ name, health });
const well = (name: string) => service(name, () => Promise.resolve(report(name)));

test('all services well: the aggregate is ok and shows each', async () => {
  const all = await aggregateHealth(report('dashboard'), [
    well('agent-manager'),
    well('mcp-manager'),
  ]);
  assert.equal(all.status, 'ok');
  assert.deepEqual(Object.keys(all.services ?? {}), ['dashboard', 'agent-manager', 'mcp-manager']);
});

test('one failing service fails the aggregate', async () => {
  const sick = service('agent-manager', () => Promise.resolve(report('agent-manager', 'error')));
  const all = await aggregateHealth(report('dashboard'), [sick, well('mcp-manager')]);
  assert.equal(all.status, 'error');
});

test('a service that does not answer is shown with the reason', async () => {
  const gone = service('agent-manager', () => Promise.reject(new Error('ECONNREFUSED')));
  const all = await aggregateHealth(report('dashboard'), [gone]);
  assert.equal(all.status, 'error');
  assert.equal(all.services?.['agent-manager']?.error, 'ECONNREFUSED');
});

test('the dashboard’s own failure fails the aggregate', async () => {
  const all = await aggregateHealth(report('dashboard', 'error'), [well('agent-manager')]);
  assert.equal(all.status, 'error');
});
