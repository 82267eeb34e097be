import { errorText } from './log.ts';
import type { Settings } from './settings.ts';

export type Status = 'ok' | 'error';

export interface DependencyReport {
  status: Status;
  latencyMs: number;
  error?: string;
}

/** The body of every health endpoint. */
export interface HealthReport {
  status: Status;
  service: string;
  release: string;
  slot: string;
  dependencies: Record<string, DependencyReport>;
  /** Why the status is `error`, where no dependency is to blame. */
  error?: string;
  /** In the dashboard's aggregate only: the report of each service. */
  services?: Record<string, HealthReport>;
}

/** Resolves when the dependency works, throws when it does not. */
export type Check = () => Promise<unknown>;

/** A dependency that does not answer within this many milliseconds counts as failed; below the probes' timeouts. */
const checkTimeoutMs = 2000;

/** Knows a service's dependencies and how to try them. */
export class Health {
  readonly #settings: Settings;
  readonly #timeoutMs: number;
  readonly #checks = new Map<string, Check>();

  constructor(settings: Settings, timeoutMs: number = checkTimeoutMs) {
    this.#settings = settings;
    this.#timeoutMs = timeoutMs;
  }

  add(dependency: string, check: Check): this {
    this.#checks.set(dependency, check);
    return this;
  }

  /** Tries the named dependencies, all by default, side by side. Never throws: failures are part of the report. */
  async report(names: string[] = [...this.#checks.keys()]): Promise<HealthReport> {
    const entries = await Promise.all(
      names.map(async (name) => [name, await this.#try(name)] as const),
    );
    const { service, release, slot } = this.#settings;
    const status = entries.every(([, dependency]) => dependency.status === 'ok') ? 'ok' : 'error';
    return { status, service, release, slot, dependencies: Object.fromEntries(entries) };
  }

  async #try(name: string): Promise<DependencyReport> {
    const start = performance.now();
    const latencyMs = () => Math.round((performance.now() - start) * 10) / 10;
    const check = this.#checks.get(name);
    try {
      if (!check) throw new Error('no such dependency');
      await withTimeout(check(), this.#timeoutMs);
      return { status: 'ok', latencyMs: latencyMs() };
    } catch (error) {
      return { status: 'error', latencyMs: latencyMs(), error: errorText(error) };
    }
  }
}

async function withTimeout(work: Promise<unknown>, ms: number): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
