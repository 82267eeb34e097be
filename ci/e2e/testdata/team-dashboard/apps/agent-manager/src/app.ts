import { UpstreamError, errorBody, type Logger } from '@team-dashboard/service-kit';
import { createApp } from '@team-dashboard/service-kit/fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Agents, NewAgent } from './agents.ts';
import type { Presence } from './presence.ts';
import { issueToken, tokenLifetime, verifyToken } from './tokens.ts';

export interface AgentManager {
  agents: Agents;
  presence: Presence;
  jwtSecret: string;
  /** Has a prompt answered by openai-service; returns the text. */
  complete: (prompt: string) => Promise<string>;
  /** Called for each new agent, to be counted. */
  created: () => void;
  log: Logger;
}

interface ById {
  Params: { id: string };
}

const byId = {
  params: {
    type: 'object',
    properties: { id: { type: 'string', format: 'uuid' } },
  },
};

const newAgent = {
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 80, pattern: '\\S' },
    role: { type: 'string', minLength: 1, maxLength: 80, default: 'member' },
  },
};

const newTask = {
  type: 'object',
  required: ['prompt'],
  additionalProperties: false,
  properties: { prompt: { type: 'string', minLength: 1, maxLength: 4000 } },
};

export function createAgentManager(parts: AgentManager): FastifyInstance {
  const { agents, presence, jwtSecret, complete, created, log } = parts;
  const app = createApp(log);

  app.get('/api/agents', async () => {
    const all = await agents.list();
    const online = await presence.among(all.map((agent) => agent.id));
    return { agents: all.map((agent) => ({ ...agent, online: online.has(agent.id) })) };
  });

  app.post<{ Body: NewAgent }>(
    '/api/agents',
    { schema: { body: newAgent } },
    async (request, reply) => {
      const agent = await agents.create(request.body);
      created();
      return reply.code(201).header('location', `/api/agents/${agent.id}`).send(agent);
    },
  );

  app.get<ById>('/api/agents/:id', { schema: byId }, async (request, reply) => {
    const agent = await agents.find(request.params.id);
    if (!agent) return noAgent(reply, request.params.id);
    const online = await presence.among([agent.id]);
    return { ...agent, online: online.has(agent.id) };
  });

  app.delete<ById>('/api/agents/:id', { schema: byId }, async (request, reply) => {
    const removed = await agents.remove(request.params.id);
    return removed ? reply.code(204).send() : noAgent(reply, request.params.id);
  });

  app.post<ById>('/api/agents/:id/token', { schema: byId }, async (request, reply) => {
    const agent = await agents.find(request.params.id);
    if (!agent) return noAgent(reply, request.params.id);
    const token = issueToken(agent.id, jwtSecret, new Date());
    return reply.code(201).send({ token, expiresInSeconds: tokenLifetime });
  });

  app.post<ById>('/api/agents/:id/heartbeat', { schema: byId }, async (request, reply) => {
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    if (verifyToken(token, jwtSecret, new Date()) !== request.params.id) {
      const message = `Send the token of agent ${request.params.id} as "authorization: Bearer …".`;
      return reply.code(401).send(errorBody(401, message));
    }
    await presence.note(request.params.id);
    return reply.code(204).send();
  });

  app.post<ById & { Body: { prompt: string } }>(
    '/api/agents/:id/tasks',
    { schema: { ...byId, body: newTask } },
    async (request, reply) => {
      const agent = await agents.find(request.params.id);
      if (!agent) return noAgent(reply, request.params.id);
      try {
        const answer = await complete(`As ${agent.role}: ${request.body.prompt}`);
        return { agent: agent.name, answer };
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        return reply.code(502).send(errorBody(502, error.message));
      }
    },
  );

  return app;
}

function noAgent(reply: FastifyReply, id: string): FastifyReply {
  return reply.code(404).send(errorBody(404, `There is no agent ${id}.`));
}
