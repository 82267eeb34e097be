import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routeFinder } from '../src/routes.ts';

const find = routeFinder({
  staticRoutes: [{ page: '/', regex: '^/(?:/)?$' }],
  dynamicRoutes: [
    { page: '/api/[...path]', regex: '^/api/(.+?)(?:/)?$' },
    { page: '/avatar/[name]', regex: '^/avatar/([^/]+?)(?:/)?$' },
  ],
});

for (const [path, route] of [
  ['/', '/'],
  ['/avatar/Ada', '/avatar/[name]'],
  ['/api/no/such', '/api/[...path]'],
  ['/_next/static/chunks/1.js', '/_next/*'],
  ['/wp-login.php', 'unmatched'],
] as const) {
  test(`${path} is of route ${route}`, () => assert.equal(find(path), route));
}
