import { lookup } from 'node:dns';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';

export interface ClientOptions {
  /** Addresses for host names that no name server knows yet; all others are looked up as usual. */
  resolve: Map<string, string>;
  /** Certificates (PEM) of the authority to trust instead of the public ones. */
  ca: string | undefined;
  /** The release that every answer must come from; undefined to accept any. */
  expectRelease: string | undefined;
  /** Milliseconds for one exchange. */
  timeoutMs: number;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  text: string;
}

export interface Call {
  method: string;
  url: string;
  headers?: Record<string, string>;
  body?: string;
}

/**
 * Sends one request over a connection of its own, so that each meets the release that is live at that moment.
 *
 * Throws when there is no answer or when another release than the expected one answers.
 */
export async function send(call: Call, options: ClientOptions): Promise<Answer> {
  const answer = await exchange(call, options);
  const release = answer.headers['x-release'];
  if (options.expectRelease !== undefined && release !== options.expectRelease) {
    throw new Error(
      `${call.method} ${call.url}: release ${release ?? 'unknown'} answered (status ${answer.status}), ` +
        `${options.expectRelease} should have`,
    );
  }
  return answer;
}

function exchange(call: Call, options: ClientOptions): Promise<Answer> {
  const { method, url, headers = {}, body } = call;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const failed = (error: Error) => reject(new Error(`${method} ${url}: ${describe(error)}`));
  const open = url.startsWith('https:') ? requestHttps : requestHttp;
  const request = open(url, {
    method,
    agent: false,
    lookup: lookupIn(options.resolve),
    ca: options.ca,
    signal: AbortSignal.timeout(options.timeoutMs),
    headers:
      body === undefined ? headers : { ...headers, 'content-length': Buffer.byteLength(body) },
  });
  request.on('error', failed);
  request.on('response', (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', failed);
    response.on('end', () => {
      const content = Buffer.concat(chunks);
      const fields = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
      resolve({
        status: response.statusCode ?? 0,
        headers: Object.fromEntries(fields) as Record<string, string>,
        body: content,
        text: content.toString('utf8'),
      });
    });
  });
  request.end(body);
  return promise;
}

/** Names that have no address here are left to the system's resolver. */
function lookupIn(names: Map<string, string>): LookupFunction {
  return (host, options, callback) => {
    const address = names.get(host);
    if (address === undefined) lookup(host, options, callback);
    else if (options.all) callback(null, [{ address, family: isIP(address) }]);
    else callback(null, address, isIP(address));
  };
}

function describe(error: Error): string {
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'no answer in time';
  return error.message || error.name;
}
