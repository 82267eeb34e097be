import { errorBody, type Logger } from '@team-dashboard/service-kit';
import { createApp } from '@team-dashboard/service-kit/fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { McpServers, NewMcpServer } from './servers.ts';

export interface McpManager {
  servers: McpServers;
  /** Called for each new server, to be counted. */
  registered: () => void;
  log: Logger;
}

interface ById {
  Params: { id: string };
}

const newServer = {
  type: 'object',
  required: ['name', 'url'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 80, pattern: '\\S' },
    url: { type: 'string', maxLength: 2000, pattern: '^https?://' },
    token: { type: 'string', minLength: 1, maxLength: 4000 },
  },
};

export function createMcpManager({ servers, registered, log }: McpManager): FastifyInstance {
  const app = createApp(log);

  app.get('/api/mcp/servers', async () => ({ servers: await servers.list() }));

  app.post<{ Body: NewMcpServer }>(
    '/api/mcp/servers',
    { schema: { body: newServer } },
    async (request, reply) => {
      const server = await servers.register(request.body);
      registered();
      return reply.code(201).header('location', `/api/mcp/servers/${server.id}`).send(server);
    },
  );

  app.get<ById>('/api/mcp/servers/:id', async (request, reply) => {
    const server = await servers.find(request.params.id);
    return server ?? noServer(reply, request.params.id);
  });

  app.delete<ById>('/api/mcp/servers/:id', async (request, reply) => {
    const removed = await servers.remove(request.params.id);
    return removed ? reply.code(204).send() : noServer(reply, request.params.id);
  });

  return app;
}

function noServer(reply: FastifyReply, id: string): FastifyReply {
  return reply.code(404).send(errorBody(404, `There is no MCP server ${id}.`));
}
