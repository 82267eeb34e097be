import {
  createKit,
  openRedis,
  readSettings,
  required,
  run,
  serve,
  type Environment,
} from '@team-dashboard/service-kit';
import { fastifyApplication } from '@team-dashboard/service-kit/fastify';
import { createOpenaiService } from './app.ts';
import { completeLocally, completeUpstream, type Complete } from './completions.ts';
import { RedisUsage } from './usage.ts';

run(async () => {
  const { env } = process;
  const kit = createKit(readSettings('openai-service', 3003, env), env);
  const { log, health, metrics } = kit;
  const redis = openRedis(env, log);
  health.add('redis', () => redis.ping());

  const tokens = metrics.counter('openai_tokens_total', 'Tokens of prompts and completions.', [
    'kind',
  ]);
  for (const kind of ['prompt', 'completion']) tokens.inc({ kind }, 0);
  const app = createOpenaiService({
    complete: chooseModel(env),
    usage: new RedisUsage(redis),
    completed: ({ promptTokens, completionTokens }) => {
      tokens.inc({ kind: 'prompt' }, promptTokens);
      tokens.inc({ kind: 'completion' }, completionTokens);
    },
    log,
  });

  const service = await serve(kit, {
    ...(await fastifyApplication(app)),
    health: { '/api/openai/health': () => health.report() },
    close: async () => {
      await app.close();
      redis.disconnect();
    },
  });
  return { service, log };
});

/** A model's API is asked only where OPENAI_BASE_URL names one. */
function chooseModel(env: Environment): Complete {
  if (!env.OPENAI_BASE_URL) return completeLocally;
  return completeUpstream({
    baseUrl: env.OPENAI_BASE_URL,
    apiKey: required(env, 'OPENAI_API_KEY', 'the key of the API at OPENAI_BASE_URL'),
    organization: env.OPENAI_ORG_ID,
    model: env.OPENAI_MODEL ?? 'gpt-4o-mini',
  });
}
