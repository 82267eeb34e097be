import assert from 'node:assert/strict';
import type { Site } from '../src/site.ts';

interface Health {
  status: string;
  services: Record<string, { status: string; release: string }>;
}

const services = ['agent-manager', 'dashboard', 'mcp-manager', 'openai-service'];

/** All four services and their databases are well, and they are of one release. */
export default async function health(site: Site): Promise<void> {
  await site.dashboard.json('GET', '/api/health/db');
  await site.dashboard.json('GET', '/api/health/redis');
  await site.agentManager.json('GET', '/api/agents/health');
  await site.mcpManager.json('GET', '/api/mcp/health');
  await site.openaiService.json('GET', '/api/openai/health');

  const report = await site.dashboard.json<Health>('GET', '/api/health');
  const names = Object.keys(report.services).sort();
  assert.deepEqual(names, services, `/api/health reports ${names.join(', ')}`);
  const releases = new Set(Object.values(report.services).map((service) => service.release));
  assert.equal(
    releases.size,
    1,
    `the services are of several releases: ${[...releases].join(', ')}`,
  );
}
