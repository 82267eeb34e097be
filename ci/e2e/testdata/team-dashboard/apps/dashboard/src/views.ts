import type { Redis } from '@team-dashboard/service-kit';

/** Counts how often the home page has been shown, over all processes and releases. */
export class Views {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Counts one more and returns the sum. */
  add(): Promise<number> {
    return this.#redis.incr('dashboard:views');
  }
}
