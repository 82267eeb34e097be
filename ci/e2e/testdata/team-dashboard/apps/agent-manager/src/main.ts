import {
  Upstream,
  createKit,
  openPostgres,
  openRedis,
  readSettings,
  required,
  requiredUrl,
  run,
  serve,
} from '@team-dashboard/service-kit';
import { fastifyApplication } from '@team-dashboard/service-kit/fastify';
import { PostgresAgents } from './agents.ts';
import { createAgentManager } from './app.ts';
import { RedisPresence } from './presence.ts';

run(async () => {
  const { env } = process;
  const kit = createKit(readSettings('agent-manager', 3001, env), env);
  const { log, health, metrics, settings } = kit;
  const jwtSecret = required(env, 'JWT_SECRET', 'the key that signs the tokens of agents');
  const openai = new Upstream(
    'openai-service',
    requiredUrl(env, 'OPENAI_SERVICE_URL', 'the base URL of openai-service'),
  );
  const postgresUrl = requiredUrl(env, 'POSTGRES_URL', 'the connection string of the database');
  const postgres = openPostgres(postgresUrl, settings, log);
  const redis = openRedis(env, log);
  health.add('postgres', () => postgres.query('select 1')).add('redis', () => redis.ping());

  const agents = new PostgresAgents(postgres);
  const created = metrics.counter('agents_created_total', 'Agents that people have created.');
  const app = createAgentManager({
    agents,
    presence: new RedisPresence(redis),
    jwtSecret,
    complete: async (prompt) =>
      (await openai.post<{ text: string }>('/api/openai/completions', { prompt })).text,
    created: () => created.inc(),
    log,
  });

  const service = await serve(kit, {
    ...(await fastifyApplication(app)),
    health: { '/api/agents/health': () => health.report() },
    prepare: () => agents.prepare(),
    close: async () => {
      await app.close();
      await postgres.end();
      redis.disconnect();
    },
  });
  return { service, log };
});
