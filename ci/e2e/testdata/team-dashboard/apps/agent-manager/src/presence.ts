import type { Redis } from '@team-dashboard/service-kit';

/** Remembers which agents have been heard of lately. */
export interface Presence {
  /** Notes a sign of life; it is forgotten after a minute. */
  note(id: string): Promise<void>;
  /** Those of the given agents that have shown a sign of life within the last minute. */
  among(ids: string[]): Promise<Set<string>>;
}

const lifetimeSeconds = 60;
const key = (id: string) => `agents:presence:${id}`;

export class RedisPresence implements Presence {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async note(id: string): Promise<void> {
    await this.#redis.set(key(id), '1', 'EX', lifetimeSeconds);
  }

  async among(ids: string[]): Promise<Set<string>> {
    if (ids.length === 0) return new Set();
    const values = await this.#redis.mget(ids.map(key));
    return new Set(ids.filter((_, index) => values[index] !== null));
  }
}
