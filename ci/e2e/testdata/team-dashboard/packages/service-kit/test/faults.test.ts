import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FaultInjector, readFault } from '../src/faults.ts';

const folder = mkdtempSync(join(tmpdir(), 'faults-'));
after(() => rmSync(folder, { recursive: true }));

function faultsFile(content: unknown): string {
  const file = join(folder, 'faults.json');
  writeFileSync(file, JSON.stringify(content));
  return file;
}

test('a service reads its own fault only', () => {
  const file = faultsFile({ dashboard: { errorRate: 0.5 } });
  assert.deepEqual(readFault(file, 'dashboard'), { errorRate: 0.5 });
  assert.deepEqual(readFault(file, 'mcp-manager'), {});
});

test('no file means no fault', () => {
  assert.deepEqual(readFault(join(folder, 'absent.json'), 'dashboard'), {});
});

const wrong: Record<string, unknown>[] = [
  { errorRate: 2 },
  { errorRate: '10 %' },
  { delayMs: -1 },
  { start: 'never' },
  { slow: true },
];
for (const fault of wrong) {
  test(`a fault of ${JSON.stringify(fault)} is refused`, () => {
    const key = Object.keys(fault)[0]!;
    assert.throws(() => readFault(faultsFile({ dashboard: fault }), 'dashboard'), {
      message: new RegExp(`dashboard\\.${key} cannot be`),
    });
  });
}

for (const [rate, failures] of [
  [0, 0],
  [0.1, 10],
  [0.25, 25],
  [1, 100],
] as const) {
  test(`an error rate of ${rate} fails ${failures} of 100 requests`, () => {
    const faults = new FaultInjector({ errorRate: rate });
    const results = Array.from({ length: 100 }, () => faults.failsNext());
    assert.equal(results.filter(Boolean).length, failures);
  });
}

test('errors, delay and failing health begin after the given time', () => {
  let now = 0;
  const fault = { errorRate: 1, delayMs: 300, health: 'fail', afterSeconds: 60 } as const;
  const faults = new FaultInjector(fault, () => now);
  const state = () => [faults.failsNext(), faults.delayMs, faults.failsHealth];
  now = 59_999;
  assert.deepEqual(state(), [false, 0, false]);
  now = 60_000;
  assert.deepEqual(state(), [true, 300, true]);
});

test('a fault under traffic waits for the first request through the ingress', () => {
  let now = 0;
  const faults = new FaultInjector(
    { errorRate: 1, afterSeconds: 3, underTraffic: true },
    () => now,
  );
  now = 60_000;
  assert.equal(faults.failsNext(), false);
  faults.noteTraffic();
  assert.equal(faults.failsNext(), false);
  now = 63_000;
  faults.noteTraffic();
  assert.equal(faults.failsNext(), true);
});

test('a release without faults is sound', () => {
  const { crashes, neverReady, failsHealth, delayMs } = new FaultInjector({});
  assert.deepEqual([crashes, neverReady, failsHealth, delayMs], [false, false, false, 0]);
});
