import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Site } from '../src/site.ts';

interface Agent {
  id: string;
  name: string;
  online: boolean;
}

/** A person adds an agent by the form and sees it; the agent reports for duty and works on a task. */
export default async function createAgent(site: Site): Promise<void> {
  const { agentManager, dashboard } = site;
  const name = `smoke ${randomUUID()}`;
  const find = async () => {
    const { agents } = await agentManager.json<{ agents: Agent[] }>('GET', '/api/agents');
    return agents.find((agent) => agent.name === name);
  };
  site.cleanUp(async () => {
    const left = await find();
    if (left) await agentManager.json('DELETE', `/api/agents/${left.id}`);
  });

  const location = await dashboard.submit('/agents', { name, role: 'tester' });
  assert.equal(location, '/', `the form was not accepted; it leads to ${location}`);
  const page = await dashboard.get('/');
  assert.ok(page.text.includes(name), 'the home page does not show the new agent');

  const agent = await find();
  assert.ok(agent, '/api/agents does not list the new agent');
  const path = `/api/agents/${agent.id}`;
  const { token } = await agentManager.json<{ token: string }>('POST', `${path}/token`);
  await agentManager.json('POST', `${path}/heartbeat`, undefined, token);
  const { online } = await agentManager.json<Agent>('GET', path);
  assert.ok(online, 'the agent is not online after its heartbeat');

  const task = { prompt: 'say hello' };
  const { answer } = await agentManager.json<{ answer: string }>('POST', `${path}/tasks`, task);
  assert.notEqual(answer, '', 'the task got an empty answer');
}
