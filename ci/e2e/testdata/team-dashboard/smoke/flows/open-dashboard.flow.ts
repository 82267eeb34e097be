import assert from 'node:assert/strict';
import { expectNoAlert } from '../src/expect.ts';
import type { Site } from '../src/site.ts';

/** A person opens the dashboard: the page, its style sheet, its scripts and a picture arrive. */
export default async function openDashboard(site: Site): Promise<void> {
  const page = await site.dashboard.get('/');
  assert.ok(page.text.includes('<h1>Team Dashboard</h1>'), 'the page lacks its heading');
  expectNoAlert(page);

  const assets = page.text.matchAll(/(?:href|src)="(\/_next\/static\/[^"]+)"/g);
  const paths = new Set([...assets].map(([, path]) => path!));
  assert.ok(paths.size > 0, 'the page names no assets');
  for (const path of paths) await site.dashboard.get(path);

  const picture = await site.dashboard.get('/avatar/Ada');
  const format = picture.body.subarray(8, 12).toString('latin1');
  assert.equal(format, 'WEBP', '/avatar/Ada is no WebP picture');
}
