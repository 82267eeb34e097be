import type { Metrics, Redis } from '@team-dashboard/service-kit';

/** Milliseconds for which somebody counts as active after having opened the dashboard. */
const activeMs = 15 * 60 * 1000;
const key = 'dashboard:active-users';

type Outcome = 'succeeded' | 'failed';

/** What people do with the dashboard, for the metrics of the business. */
export class Activity {
  readonly #redis: Redis;
  readonly #views: { inc(): void };
  readonly #signIns: { inc(labels: { outcome: Outcome }, value?: number): void };

  constructor(redis: Redis, metrics: Metrics) {
    this.#redis = redis;
    this.#views = metrics.counter(
      'dashboard_page_views_total',
      'Times that the home page was shown.',
    );
    this.#signIns = metrics.counter('dashboard_sign_ins_total', 'Sign-ins by how they ended.', [
      'outcome',
    ]);
    for (const outcome of ['succeeded', 'failed'] as const) this.#signIns.inc({ outcome }, 0);
    metrics.gauge(
      'dashboard_active_users',
      'People who were signed in and opened the dashboard within 15 minutes, at any of its processes.',
      () => this.active(),
    );
  }

  /** Notes that the home page is shown, and to whom if somebody is signed in. */
  async viewed(login: string | undefined): Promise<void> {
    this.#views.inc();
    if (login) await this.#redis.zadd(key, Date.now(), login);
  }

  signedIn(outcome: Outcome): void {
    this.#signIns.inc({ outcome });
  }

  /** The number of active people; those who are no longer are forgotten. */
  async active(): Promise<number> {
    await this.#redis.zremrangebyscore(key, 0, Date.now() - activeMs);
    return this.#redis.zcard(key);
  }
}
