import { send, type Answer, type Call, type ClientOptions } from './client.ts';

export type { Answer };

export type ServiceName = 'dashboard' | 'agentManager' | 'mcpManager' | 'openaiService';

/** One of the application's services, as a flow sees it. */
export class Endpoint {
  readonly #base: string;
  readonly #options: ClientOptions;

  constructor(base: string, options: ClientOptions) {
    this.#base = base.replace(/\/+$/, '');
    this.#options = options;
  }

  /** Gets a page or a file. */
  async get(path: string, status = 200): Promise<Answer> {
    return this.#send({ method: 'GET', url: path }, status);
  }

  /** Sends a form as a browser does; returns where the answer leads. */
  async submit(path: string, fields: Record<string, string>): Promise<string> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = new URLSearchParams(fields).toString();
    const answer = await this.#send({ method: 'POST', url: path, headers, body }, 303);
    return answer.headers.location ?? '';
  }

  /** Sends JSON and expects JSON with a status of success. */
  async json<T>(method: string, path: string, body?: unknown, bearer?: string): Promise<T> {
    const headers: Record<string, string> = {};
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (bearer !== undefined) headers.authorization = `Bearer ${bearer}`;
    const call = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await this.#send({ method, url: path, headers, ...call });
    return (answer.status === 204 ? undefined : JSON.parse(answer.text)) as T;
  }

  /** Throws, with the beginning of the body, when the status is not the expected one; any success by default. */
  async #send(call: Call, status?: number): Promise<Answer> {
    const answer = await send({ ...call, url: this.#base + call.url }, this.#options);
    const expected =
      status === undefined ? answer.status >= 200 && answer.status < 300 : answer.status === status;
    if (!expected) {
      const body = answer.text.slice(0, 300).trim();
      throw new Error(`${call.method} ${call.url}: status ${answer.status}: ${body}`);
    }
    return answer;
  }
}

/** What a flow works with. */
export interface Site extends Record<ServiceName, Endpoint> {
  /** Notes what has to be done after the flow, also when it fails: what was created has to go again. */
  cleanUp: (action: () => Promise<unknown>) => void;
}

/** A critical path of a person or a program through the application. Throws when it does not work. */
export type Flow = (site: Site) => Promise<void>;
