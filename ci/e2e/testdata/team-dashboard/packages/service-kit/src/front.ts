import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultInjector } from './faults.ts';
import type { HealthReport } from './health.ts';
import { errorText, type Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import { sendError, sendJson } from './responses.ts';
import type { Settings } from './settings.ts';

/** Whether the service can take traffic: before its preparations are done, while it does, after SIGTERM. */
export type Phase = 'starting' | 'ready' | 'draining';

export interface FrontOptions {
  settings: Settings;
  metrics: Metrics;
  faults: FaultInjector;
  log: Logger;
  /** Health endpoints by path, for example `/health`. */
  health: Record<string, () => Promise<HealthReport>>;
  /** What answers all other requests: a Fastify or a Next.js application. */
  application: (request: IncomingMessage, response: ServerResponse) => unknown;
  /** The pattern of a request's route, asked once the response has ended. */
  route: (request: IncomingMessage) => string;
}

/**
 * Stands in front of an application, whatever its framework: names the release on every response, measures,
 * injects faults, and answers the operational endpoints, so that all services behave alike for the pipeline.
 */
export class Front {
  phase: Phase = 'starting';
  /** When the application last got a request, on the clock of `performance.now()`. Probes do not count. */
  lastArrival = 0;
  readonly #options: FrontOptions;
  readonly #open = new Set<ServerResponse>();
  readonly #endpoints: Map<string, (response: ServerResponse) => void | Promise<void>>;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#endpoints = new Map([
      ['/live', (response) => sendJson(response, 200, { status: 'ok' })],
      ['/ready', (response) => this.#ready(response)],
      ['/metrics', (response) => this.#metrics(response)],
      ...Object.entries(options.health).map(
        ([path, report]) =>
          [path, (response: ServerResponse) => this.#health(response, report)] as const,
      ),
    ]);
  }

  /** Requests that have not been answered to their end. */
  get inFlight(): number {
    return this.#open.size;
  }

  /** Asks clients to open a new connection, which then reaches another process, once their answer is there. */
  drain(): void {
    this.phase = 'draining';
    for (const response of this.#open) {
      if (!response.headersSent) response.setHeader('connection', 'close');
    }
  }

  readonly listener: RequestListener = (request, response) => {
    this.#stamp(response);
    this.#open.add(response);
    response.once('close', () => this.#open.delete(response));
    this.#answer(request, response).catch((error: unknown) => {
      this.#options.log.error('answering a request failed', {
        method: request.method,
        path: pathOf(request),
        error: errorText(error),
      });
      if (response.headersSent) response.destroy();
      else sendError(response, 500, `${this.#options.settings.service} failed; its log says why.`);
    });
  };

  #stamp(response: ServerResponse): void {
    const { service, release, slot } = this.#options.settings;
    response.setHeader('x-service', service);
    response.setHeader('x-release', release);
    response.setHeader('x-slot', slot);
    if (this.phase === 'draining') response.setHeader('connection', 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const endpoint = this.#endpoints.get(pathOf(request));
    if (endpoint && (request.method === 'GET' || request.method === 'HEAD')) {
      return endpoint(response);
    }
    this.lastArrival = performance.now();
    this.#measure(request, response);
    const { faults, application } = this.#options;
    if (request.headers['x-forwarded-host']) faults.noteTraffic();
    if (faults.delayMs > 0) await sleep(faults.delayMs);
    if (faults.failsNext()) {
      return sendError(response, 500, 'This release fails on purpose (faults.json).');
    }
    await application(request, response);
  }

  #measure(request: IncomingMessage, response: ServerResponse): void {
    const start = performance.now();
    response.once('close', () => {
      // 499: the client left before the answer was complete; no failure of ours.
      const status = response.writableFinished ? response.statusCode : 499;
      const seconds = (performance.now() - start) / 1000;
      const route = this.#options.route(request);
      this.#options.metrics.observe(request.method ?? 'GET', route, status, seconds);
    });
  }

  #ready(response: ServerResponse): void {
    if (this.#options.faults.neverReady) {
      const error = 'This release never gets ready on purpose (faults.json).';
      return sendJson(response, 503, { status: 'error', phase: this.phase, error });
    }
    const ready = this.phase === 'ready';
    sendJson(response, ready ? 200 : 503, { status: ready ? 'ok' : 'error', phase: this.phase });
  }

  async #metrics(response: ServerResponse): Promise<void> {
    const { registry } = this.#options.metrics;
    const text = await registry.metrics();
    response.writeHead(200, { 'content-type': registry.contentType });
    response.end(text);
  }

  async #health(response: ServerResponse, check: () => Promise<HealthReport>): Promise<void> {
    const { faults } = this.#options;
    if (faults.delayMs > 0) await sleep(faults.delayMs);
    const report = await check();
    if (faults.failsHealth) {
      report.status = 'error';
      report.error = 'This release fails its health checks on purpose (faults.json).';
    }
    sendJson(response, report.status === 'ok' ? 200 : 503, report);
  }
}

/** The path of a request without its query. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/';
}
