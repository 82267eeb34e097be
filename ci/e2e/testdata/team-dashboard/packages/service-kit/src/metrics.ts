import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Settings } from './settings.ts';

/** Upper bounds in seconds; 2 and 5 are there because the pipeline's thresholds are. */
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10];

/** What a service shows at /metrics. */
export class Metrics {
  readonly registry = new Registry();
  readonly #durations: Histogram<'method' | 'route' | 'status'>;

  constructor(settings: Settings) {
    collectDefaultMetrics({ register: this.registry });
    this.#durations = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time from the arrival of a request to the end of its response. Probes and scrapes are left out.',
      labelNames: ['method', 'route', 'status'],
      buckets: durationBuckets,
      registers: [this.registry],
    });
    const { service, release, slot } = settings;
    new Gauge({
      name: 'team_dashboard_release_info',
      help: 'Always 1; the labels say which release and slot this process belongs to.',
      labelNames: ['service', 'release', 'slot'],
      registers: [this.registry],
    }).set({ service, release, slot }, 1);
  }

  /** Records one answered request; `route` is the pattern, never the path, to bound the number of series. */
  observe(method: string, route: string, status: number, seconds: number): void {
    this.#durations.observe({ method, route, status }, seconds);
  }

  /** A counter of something that the business cares about. */
  counter<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[] = [],
  ): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  /** A value that is looked up when the metrics are asked for; it is left out while that fails. */
  gauge(name: string, help: string, value: () => Promise<number>): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      async collect() {
        try {
          this.set(await value());
        } catch {
          this.remove();
        }
      },
    });
  }
}
