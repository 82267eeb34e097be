import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { UpstreamError, silentLogger } from '@team-dashboard/service-kit';
import type { Agent, Agents } from '../src/agents.ts';
import { createAgentManager, type AgentManager } from '../src/app.ts';
import type { Presence } from '../src/presence.ts';

/** Keeps agents in memory. */
class FakeAgents implements Agents {
  readonly #agents = new Map<string, Agent>();

  list = () => Promise.resolve([...this.#agents.values()]);
  find = (id: string) => Promise.resolve(this.#agents.get(id));
  remove = (id: string) => Promise.resolve(this.#agents.delete(id));
  create({ name, role }: { name: string; role: string }): Promise<Agent> {
    const agent = { id: randomUUID(), name, role, createdAt: new Date().toISOString() };
    this.#agents.set(agent.id, agent);
    return Promise.resolve(agent);
  }
}

class FakePresence implements Presence {
  readonly #noted = new Set<string>();

  note = (id: string) => Promise.resolve(void this.#noted.add(id));
  among = (ids: string[]) => Promise.resolve(new Set(ids.filter((id) => this.#noted.has(id))));
}

function manager(changes: Partial<AgentManager> = {}) {
  return createAgentManager({
    agents: new FakeAgents(),
    presence: new FakePresence(),
    jwtSecret: 'secret',
    complete: (prompt) => Promise.resolve(`answer to: ${prompt}`),
    created: () => {},
    log: silentLogger,
    ...changes,
  });
}

async function createAgent(app: ReturnType<typeof manager>): Promise<Agent> {
  const payload = { name: 'Ada', role: 'tester' };
  const response = await app.inject({ method: 'POST', url: '/api/agents', payload });
  assert.equal(response.statusCode, 201);
  return response.json();
}

test('a created agent is counted, listed, found and removed', async () => {
  let count = 0;
  const app = manager({ created: () => count++ });
  const agent = await createAgent(app);
  const url = `/api/agents/${agent.id}`;
  const listed = (await app.inject('/api/agents')).json<{ agents: Agent[] }>().agents;
  assert.deepEqual(listed, [{ ...agent, online: false }]);
  assert.deepEqual((await app.inject(url)).json(), { ...agent, online: false });
  assert.equal((await app.inject({ method: 'DELETE', url })).statusCode, 204);
  assert.equal((await app.inject({ method: 'DELETE', url })).statusCode, 404);
  assert.equal(count, 1);
});

test('an agent without role is a member', async () => {
  const payload = { name: 'Ada' };
  const response = await manager().inject({ method: 'POST', url: '/api/agents', payload });
  assert.equal(response.json<Agent>().role, 'member');
});

for (const payload of [{}, { name: '' }, { name: '  ' }, { name: 'Ada', admin: true }]) {
  test(`an agent of ${JSON.stringify(payload)} is refused with a message`, async () => {
    const response = await manager().inject({ method: 'POST', url: '/api/agents', payload });
    assert.equal(response.statusCode, 400);
    assert.match(response.json<{ message: string }>().message, /^body/);
  });
}

test('an agent is online after a heartbeat with its own token', async () => {
  const app = manager();
  const agent = await createAgent(app);
  const url = `/api/agents/${agent.id}`;
  const response = await app.inject({ method: 'POST', url: `${url}/token` });
  const { token } = response.json<{ token: string }>();
  const headers = { authorization: `Bearer ${token}` };
  const beat = await app.inject({ method: 'POST', url: `${url}/heartbeat`, headers });
  assert.equal(beat.statusCode, 204);
  assert.equal((await app.inject(url)).json<{ online: boolean }>().online, true);

  const other = await createAgent(app);
  const stolen = { method: 'POST', url: `/api/agents/${other.id}/heartbeat`, headers } as const;
  assert.equal((await app.inject(stolen)).statusCode, 401);
});

test('a task is answered in the role of the agent', async () => {
  const app = manager();
  const agent = await createAgent(app);
  const url = `/api/agents/${agent.id}/tasks`;
  const response = await app.inject({ method: 'POST', url, payload: { prompt: 'hello' } });
  assert.deepEqual(response.json(), { agent: 'Ada', answer: 'answer to: As tester: hello' });
});

test('a task tells when openai-service does not answer', async () => {
  const lost = new UpstreamError('openai-service did not answer: ECONNREFUSED', 502);
  const app = manager({ complete: () => Promise.reject(lost) });
  const agent = await createAgent(app);
  const url = `/api/agents/${agent.id}/tasks`;
  const response = await app.inject({ method: 'POST', url, payload: { prompt: 'hello' } });
  assert.equal(response.statusCode, 502);
  assert.equal(response.json<{ message: string }>().message, lost.message);
});
