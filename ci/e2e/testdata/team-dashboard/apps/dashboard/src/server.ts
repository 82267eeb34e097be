import { readFileSync } from 'node:fs';
import {
  Upstream,
  createKit,
  openPostgres,
  openRedis,
  pathOf,
  readSettings,
  required,
  requiredUrl,
  run,
  serve,
  type Environment,
} from '@team-dashboard/service-kit';
import next from 'next';
import { Activity } from './activity.ts';
import { aggregateHealth } from './health.ts';
import { routeFinder, type RoutesManifest } from './routes.ts';
import { provideRuntime, type SignIn } from './runtime.ts';
import { Team } from './team.ts';
import { Views } from './views.ts';

run(async () => {
  const { env } = process;
  const kit = createKit(readSettings('dashboard', 3000, env), env);
  const { log, health, metrics, settings } = kit;
  const signIn = readSignIn(env);
  const upstreams = readUpstreams(env);
  const postgresUrl = requiredUrl(env, 'POSTGRES_URL', 'the connection string of the database');
  const postgres = openPostgres(postgresUrl, settings, log);
  const redis = openRedis(env, log);
  health.add('postgres', () => postgres.query('select 1')).add('redis', () => redis.ping());
  const allHealth = async () => aggregateHealth(await health.report(), Object.values(upstreams));

  const team = new Team(postgres);
  provideRuntime({
    settings,
    signIn,
    team,
    views: new Views(redis),
    activity: new Activity(redis, metrics),
    ...upstreams,
    health: allHealth,
    releaseNotes: readFileSync(env.RELEASE_NOTES_FILE ?? '../../release-notes.txt', 'utf8').trim(),
  });
  const pages = await startNext(env);

  const service = await serve(kit, {
    handle: pages.handle,
    route: (request) => pages.route(pathOf(request)),
    health: {
      '/api/health': allHealth,
      '/api/health/db': () => health.report(['postgres']),
      '/api/health/redis': () => health.report(['redis']),
    },
    prepare: () => team.prepare(),
    close: async () => {
      await pages.close();
      await postgres.end();
      redis.disconnect();
    },
  });
  return { service, log };
});

/** Starts Next.js on the build in the working directory, or on the sources for development. */
async function startNext(env: Environment) {
  const dev = env.NODE_ENV === 'development';
  let route: (path: string) => string = () => 'development';
  if (!dev) {
    // What the server that Next.js generates for a standalone build does: the image holds no next.config file.
    const { config } = readManifest<{ config: unknown }>('required-server-files.json');
    process.env.__NEXT_PRIVATE_STANDALONE_CONFIG = JSON.stringify(config);
    route = routeFinder(readManifest<RoutesManifest>('routes-manifest.json'));
  }
  const app = next({ dev, dir: process.cwd() });
  await app.prepare();
  return { handle: app.getRequestHandler(), close: () => app.close(), route };
}

function readManifest<T>(name: string): T {
  return JSON.parse(readFileSync(`.next/${name}`, 'utf8')) as T;
}

function readUpstreams(env: Environment) {
  const upstream = (name: string, variable: string) =>
    new Upstream(name, requiredUrl(env, variable, `the base URL of ${name}`));
  return {
    agentManager: upstream('agent-manager', 'AGENT_MANAGER_URL'),
    mcpManager: upstream('mcp-manager', 'MCP_MANAGER_URL'),
    openaiService: upstream('openai-service', 'OPENAI_SERVICE_URL'),
  };
}

function readSignIn(env: Environment): SignIn {
  const { GITHUB_CLIENT_ID: clientId, GITHUB_CLIENT_SECRET: clientSecret } = env;
  return {
    secret: required(env, 'NEXTAUTH_SECRET', 'the key that signs session cookies'),
    publicUrl: requiredUrl(env, 'NEXTAUTH_URL', 'the URL at which people reach the dashboard'),
    github: clientId && clientSecret ? { clientId, clientSecret } : undefined,
  };
}
