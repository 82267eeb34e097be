import {
  createKit,
  openRedis,
  readSettings,
  required,
  run,
  serve,
} from '@team-dashboard/service-kit';
import { fastifyApplication } from '@team-dashboard/service-kit/fastify';
import { createMcpManager } from './app.ts';
import { RedisMcpServers } from './servers.ts';
import { Vault } from './vault.ts';

run(async () => {
  const { env } = process;
  const kit = createKit(readSettings('mcp-manager', 3002, env), env);
  const { log, health, metrics } = kit;
  const vault = new Vault(
    required(env, 'MCP_ENCRYPTION_KEY', 'the key that encrypts the credentials of MCP servers'),
  );
  const redis = openRedis(env, log);
  health.add('redis', () => redis.ping());

  const registered = metrics.counter(
    'mcp_servers_registered_total',
    'MCP servers that people have registered.',
  );
  const app = createMcpManager({
    servers: new RedisMcpServers(redis, vault),
    registered: () => registered.inc(),
    log,
  });

  const service = await serve(kit, {
    ...(await fastifyApplication(app)),
    health: { '/api/mcp/health': () => health.report() },
    close: async () => {
      await app.close();
      redis.disconnect();
    },
  });
  return { service, log };
});
