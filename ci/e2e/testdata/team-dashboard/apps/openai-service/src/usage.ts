import type { Redis } from '@team-dashboard/service-kit';

/** Counts what the team has used, a day (UTC) at a time, over all processes and releases. */
export interface Usage {
  add(tokens: number): Promise<void>;
  today(): Promise<{ requests: number; tokens: number }>;
}

/** Seconds after which a day's figures are forgotten. */
const keepSeconds = 35 * 24 * 3600;

export class RedisUsage implements Usage {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async add(tokens: number): Promise<void> {
    const key = today();
    await this.#redis
      .multi()
      .hincrby(key, 'requests', 1)
      .hincrby(key, 'tokens', tokens)
      .expire(key, keepSeconds)
      .exec();
  }

  async today(): Promise<{ requests: number; tokens: number }> {
    const { requests, tokens } = await this.#redis.hgetall(today());
    return { requests: Number(requests ?? 0), tokens: Number(tokens ?? 0) };
  }
}

function today(): string {
  return `openai:usage:${new Date().toISOString().slice(0, 10)}`;
}
