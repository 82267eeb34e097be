import { readFileSync } from 'node:fs';

/**
 * How a release is broken on purpose, so that a deployment's guards can be tried on a real failure.
 * A healthy release has an empty `faults.json`.
 */
export interface Fault {
  /** `crash`: the process ends with exit code 1 before it listens. */
  start?: 'ok' | 'crash';
  /** `never`: the readiness endpoint answers 503 for good. */
  ready?: 'ok' | 'never';
  /** `fail`: the health endpoints answer 503. */
  health?: 'ok' | 'fail';
  /** Share of the application's requests, 0 to 1, that are answered with status 500. */
  errorRate?: number;
  /** Milliseconds by which the application's and the health endpoints' answers come late. */
  delayMs?: number;
  /** Memory that is kept for good, in MiB a minute. */
  leakMiBPerMinute?: number;
  /** Seconds after the start before errors, delay and failing health begin; 0 by default. */
  afterSeconds?: number;
  /** The seconds count from the first user's request that comes through the ingress, not from the start. */
  underTraffic?: boolean;
}

const rules: Record<keyof Fault, (value: unknown) => boolean> = {
  start: (value) => value === 'ok' || value === 'crash',
  ready: (value) => value === 'ok' || value === 'never',
  health: (value) => value === 'ok' || value === 'fail',
  errorRate: (value) => isNumber(value) && value <= 1,
  delayMs: isNumber,
  leakMiBPerMinute: isNumber,
  afterSeconds: isNumber,
  underTraffic: (value) => typeof value === 'boolean',
};

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}

/** Reads the fault of one service. A missing file means no fault; a wrong one is an error, never ignored. */
export function readFault(file: string, service: string): Fault {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
  const faults = JSON.parse(text) as Record<string, Record<string, unknown> | undefined>;
  const fault = faults[service] ?? {};
  for (const [key, value] of Object.entries(fault)) {
    const rule = rules[key as keyof Fault] as ((value: unknown) => boolean) | undefined;
    if (!rule?.(value)) {
      throw new Error(
        `reading "${file}": ${service}.${key} cannot be ${JSON.stringify(value)}; see Fault in service-kit`,
      );
    }
  }
  return fault;
}

/** Injects a fault into a running service. */
export class FaultInjector {
  readonly #fault: Fault;
  readonly #now: () => number;
  #start: number;
  readonly #leaked: Buffer[] = [];
  #debt = 0;

  constructor(fault: Fault, now: () => number = () => performance.now()) {
    this.#fault = fault;
    this.#now = now;
    this.#start = fault.underTraffic ? Infinity : now();
  }

  /** Tells of a user's request that came through the ingress. */
  noteTraffic(): void {
    if (this.#start === Infinity) this.#start = this.#now();
  }

  get crashes(): boolean {
    return this.#fault.start === 'crash';
  }

  get neverReady(): boolean {
    return this.#fault.ready === 'never';
  }

  get failsHealth(): boolean {
    return this.#fault.health === 'fail' && this.#begun;
  }

  get delayMs(): number {
    return this.#begun ? (this.#fault.delayMs ?? 0) : 0;
  }

  /** Says whether the next request has to fail. Failures are spread evenly, so that a rate holds for small samples too. */
  failsNext(): boolean {
    if (!this.#begun) return false;
    this.#debt += this.#fault.errorRate ?? 0;
    // A tolerance, since ten times 0.1 adds up to a little less than 1.
    if (this.#debt < 1 - 1e-9) return false;
    this.#debt -= 1;
    return true;
  }

  /** Starts to leak memory, a portion a second. Does not keep the process alive. */
  startLeak(): void {
    const rate = this.#fault.leakMiBPerMinute ?? 0;
    if (rate === 0) return;
    const bytesPerSecond = Math.ceil((rate * 1024 * 1024) / 60);
    setInterval(() => this.#leaked.push(Buffer.alloc(bytesPerSecond, 1)), 1000).unref();
  }

  get #begun(): boolean {
    return this.#now() - this.#start >= (this.#fault.afterSeconds ?? 0) * 1000;
  }
}
