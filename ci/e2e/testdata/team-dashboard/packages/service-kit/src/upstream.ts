import type { HealthReport } from './health.ts';
import { errorText } from './log.ts';

/** Milliseconds for a whole exchange; below the ingress's own limits, so that our error text reaches the person. */
const timeoutMs = 5000;

/** Another service did not answer, or not with success. The message can be shown to a person. */
export class UpstreamError extends Error {
  /** The other service's status; 502 when it did not answer at all. */
  readonly statusCode: number;

  constructor(message: string, statusCode: number) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** Calls another service of the same slot. */
export class Upstream {
  readonly name: string;
  readonly #base: string;

  constructor(name: string, baseUrl: string) {
    this.name = name;
    this.#base = baseUrl.replace(/\/+$/, '');
  }

  get<T>(path: string): Promise<T> {
    return this.#json<T>('GET', path);
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.#json<T>('POST', path, body);
  }

  /** The other service's own health report, also when it is a bad one. */
  async health(): Promise<HealthReport> {
    const response = await this.#send('GET', '/health');
    return (await response.json()) as HealthReport;
  }

  async #json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.#send(method, path, body);
    const answer = (await response.json().catch(() => ({}))) as { message?: string };
    if (!response.ok) {
      const reason = answer.message ?? `status ${response.status}`;
      throw new UpstreamError(`${this.name}: ${reason}`, response.status);
    }
    return answer as T;
  }

  async #send(method: string, path: string, body?: unknown): Promise<Response> {
    const request = () =>
      fetch(this.#base + path, {
        method,
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      });
    try {
      // A kept-alive connection may die with its pod just as it is used again; reading twice does no harm.
      return await (method === 'GET' ? request().catch(request) : request());
    } catch (error) {
      throw new UpstreamError(`${this.name} did not answer: ${lossText(error)}`, 502);
    }
  }
}

/** Why there was no answer. What `fetch` throws itself says only that it failed. */
export function lossText(error: unknown): string {
  return errorText(error instanceof TypeError && error.cause ? error.cause : error);
}
