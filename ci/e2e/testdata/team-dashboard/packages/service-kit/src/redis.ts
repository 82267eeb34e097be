import { Redis } from 'ioredis';
import type { Logger } from './log.ts';
import { required, type Environment } from './settings.ts';

export type { Redis };

/** Opens a client that connects by itself and again after a loss. Commands fail fast while there is no connection. */
export function openRedis(env: Environment, log: Logger): Redis {
  const redis = new Redis({
    host: required(env, 'REDIS_HOST', 'the host name of the Redis server'),
    port: Number(env.REDIS_PORT ?? 6379),
    password: env.REDIS_PASSWORD || undefined,
    connectTimeout: 2000,
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt) => Math.min(attempt * 100, 2000),
  });
  let last = '';
  redis.on('error', (error: Error) => {
    // The client tries on for as long as the server is away; one line for each new reason is enough.
    if (error.message !== last) log.error('redis connection lost', { error: error.message });
    last = error.message;
  });
  redis.on('ready', () => (last = ''));
  return redis;
}
