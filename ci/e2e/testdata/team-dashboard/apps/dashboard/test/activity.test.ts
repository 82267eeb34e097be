import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics, type Redis, type Settings } from '@team-dashboard/service-kit';
import { Activity } from '../src/activity.ts';

/** The part of Redis that counts who is there. */
class SortedSet {
  readonly scores = new Map<string, number>();

  zadd(_key: string, score: number, member: string) {
    this.scores.set(member, score);
    return Promise.resolve(1);
  }

  zremrangebyscore(_key: string, least: number, most: number) {
    for (const [member, score] of this.scores) {
      if (score >= least && score <= most) this.scores.delete(member);
    }
    return Promise.resolve(0);
  }

  zcard() {
    return Promise.resolve(this.scores.size);
  }
}

const settings = { service: 'dashboard', release: 'v1', slot: 'blue' } as Settings;

test('people are counted once, and while they are active', async () => {
  const set = new SortedSet();
  const metrics = new Metrics(settings);
  const activity = new Activity(set as unknown as Redis, metrics);
  await activity.viewed(undefined);
  await activity.viewed('ada');
  await activity.viewed('ada');
  set.scores.set('linus', Date.now() - 16 * 60 * 1000);
  activity.signedIn('failed');

  const text = await metrics.registry.metrics();
  assert.match(text, /^dashboard_page_views_total 3$/m);
  assert.match(text, /^dashboard_active_users 1$/m);
  assert.match(text, /^dashboard_sign_ins_total\{outcome="succeeded"\} 0$/m);
  assert.match(text, /^dashboard_sign_ins_total\{outcome="failed"\} 1$/m);
});

test('without Redis the other metrics are still there', async () => {
  const metrics = new Metrics(settings);
  const broken = { zremrangebyscore: () => Promise.reject(new Error('no connection')) };
  new Activity(broken as unknown as Redis, metrics);
  const text = await metrics.registry.metrics();
  assert.match(text, /^dashboard_page_views_total 0$/m);
  assert.doesNotMatch(text, /^dashboard_active_users \d/m);
});
