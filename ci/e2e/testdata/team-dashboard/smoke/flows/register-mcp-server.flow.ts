import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Site } from '../src/site.ts';

interface Server {
  id: string;
  name: string;
  hasToken: boolean;
}

/** A program registers an MCP server with a credential; the server is listed, its credential never shown. */
export default async function registerMcpServer({ mcpManager, cleanUp }: Site): Promise<void> {
  const name = `smoke ${randomUUID()}`;
  const token = randomUUID();
  const body = { name, url: 'https://mcp.example.com/', token };
  const { id } = await mcpManager.json<Server>('POST', '/api/mcp/servers', body);
  cleanUp(() => mcpManager.json('DELETE', `/api/mcp/servers/${id}`));

  const list = await mcpManager.get('/api/mcp/servers');
  const { servers } = JSON.parse(list.text) as { servers: Server[] };
  const listed = servers.find((server) => server.id === id);
  assert.equal(listed?.name, name, '/api/mcp/servers does not list the new server');
  assert.ok(listed.hasToken, 'the credential was not stored');
  assert.ok(!list.text.includes(token), '/api/mcp/servers shows the credential');
}
