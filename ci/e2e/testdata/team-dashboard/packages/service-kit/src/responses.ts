import { STATUS_CODES, type ServerResponse } from 'node:http';

/** The body of every error that a service answers. */
export interface ErrorBody {
  statusCode: number;
  /** The status as a word, for example `Not Found`. */
  error: string;
  /** What went wrong, for a person. */
  message: string;
}

export function errorBody(statusCode: number, message: string): ErrorBody {
  return { statusCode, error: STATUS_CODES[statusCode] ?? 'Error', message };
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body) + '\n';
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}

export function sendError(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, errorBody(status, message));
}
