import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '@team-dashboard/service-kit';
import { createMcpManager } from '../src/app.ts';
import { RedisMcpServers, type McpServer } from '../src/servers.ts';
import { Vault } from '../src/vault.ts';

/** The four commands of Redis that the store uses, for a single hash. */
function fakeRedis(hash: Map<string, string>) {
  const redis = {
    hvals: () => Promise.resolve([...hash.values()]),
    hget: (_key: string, field: string) => Promise.resolve(hash.get(field) ?? null),
    hset: (_key: string, field: string, value: string) =>
      Promise.resolve(hash.set(field, value).size),
    hdel: (_key: string, field: string) => Promise.resolve(hash.delete(field) ? 1 : 0),
  };
  return redis as unknown as ConstructorParameters<typeof RedisMcpServers>[0];
}

function manager(hash = new Map<string, string>(), registered = () => {}) {
  const servers = new RedisMcpServers(fakeRedis(hash), new Vault('key'));
  return createMcpManager({ servers, registered, log: silentLogger });
}

test('a registered server is counted, listed, found and removed', async () => {
  let count = 0;
  const app = manager(undefined, () => count++);
  const payload = { name: 'files', url: 'https://mcp.example.com/' };
  const response = await app.inject({ method: 'POST', url: '/api/mcp/servers', payload });
  assert.equal(response.statusCode, 201);
  const server = response.json<McpServer>();
  const url = `/api/mcp/servers/${server.id}`;
  assert.deepEqual((await app.inject('/api/mcp/servers')).json(), { servers: [server] });
  assert.deepEqual((await app.inject(url)).json(), server);
  assert.equal((await app.inject({ method: 'DELETE', url })).statusCode, 204);
  assert.equal((await app.inject(url)).statusCode, 404);
  assert.equal(count, 1);
});

test('a credential is stored sealed and never shown', async () => {
  const hash = new Map<string, string>();
  const payload = { name: 'files', url: 'https://mcp.example.com/', token: 'hunter2' };
  const app = manager(hash);
  const response = await app.inject({ method: 'POST', url: '/api/mcp/servers', payload });
  assert.equal(response.json<McpServer>().hasToken, true);
  const list = await app.inject('/api/mcp/servers');
  const stored = [...hash.values()].join();
  for (const text of [response.body, list.body, stored]) assert.doesNotMatch(text, /hunter2/);
  const { sealedToken } = JSON.parse(stored) as { sealedToken: string };
  assert.equal(new Vault('key').open(sealedToken), 'hunter2');
});

for (const payload of [
  { name: 'files' },
  { name: 'files', url: 'ftp://example.com' },
  { url: 'https://x' },
]) {
  test(`a server of ${JSON.stringify(payload)} is refused with a message`, async () => {
    const response = await manager().inject({ method: 'POST', url: '/api/mcp/servers', payload });
    assert.equal(response.statusCode, 400);
    assert.match(response.json<{ message: string }>().message, /^body/);
  });
}
