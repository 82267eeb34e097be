import assert from 'node:assert/strict';
import type { Site } from '../src/site.ts';

/** A person starts to sign in and is sent to GitHub, or reads that signing in is not set up. */
export default async function signIn(site: Site): Promise<void> {
  const page = await site.dashboard.get('/sign-in');
  assert.ok(page.text.includes('<h1>Sign in</h1>'), 'the page lacks its heading');

  const redirect = await site.dashboard.get('/auth/github', 303);
  const target = redirect.headers.location ?? '';
  assert.match(
    target,
    /^(https:\/\/github\.com\/login\/|\/sign-in$)/,
    `sign-in leads to ${target}`,
  );
}
