import type { Logger } from '@team-dashboard/service-kit';
import { createApp } from '@team-dashboard/service-kit/fastify';
import type { FastifyInstance } from 'fastify';
import type { Complete, Completion } from './completions.ts';
import { countTokens } from './tokens.ts';
import type { Usage } from './usage.ts';

export interface OpenaiService {
  complete: Complete;
  usage: Usage;
  /** Called for each completion, to be counted. */
  completed: (usage: Completion['usage']) => void;
  log: Logger;
}

const prompt = {
  type: 'object',
  required: ['prompt'],
  additionalProperties: false,
  properties: { prompt: { type: 'string', minLength: 1, maxLength: 8000, pattern: '\\S' } },
};

const text = {
  type: 'object',
  required: ['text'],
  additionalProperties: false,
  properties: { text: { type: 'string', maxLength: 100_000 } },
};

export function createOpenaiService(parts: OpenaiService): FastifyInstance {
  const { complete, usage, completed, log } = parts;
  const app = createApp(log);

  app.post<{ Body: { prompt: string } }>(
    '/api/openai/completions',
    { schema: { body: prompt } },
    async (request) => {
      const completion = await complete(request.body.prompt);
      completed(completion.usage);
      await usage.add(completion.usage.totalTokens);
      return completion;
    },
  );

  app.post<{ Body: { text: string } }>(
    '/api/openai/tokens',
    { schema: { body: text } },
    (request, reply) => reply.send({ tokens: countTokens(request.body.text) }),
  );

  app.get('/api/openai/usage', () => usage.today());

  return app;
}
