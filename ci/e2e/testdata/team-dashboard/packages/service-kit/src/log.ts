import type { Settings } from './settings.ts';

type Fields = Record<string, unknown>;

export interface Logger {
  info(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

/** Writes one JSON object a line: information to stdout, errors to stderr. */
export function createLogger(settings: Settings): Logger {
  const { service, release, slot } = settings;
  const line = (level: string, message: string, fields: Fields = {}) =>
    JSON.stringify({ time: new Date(), level, service, release, slot, message, ...fields }) + '\n';
  return {
    info: (message, fields) => void process.stdout.write(line('info', message, fields)),
    error: (message, fields) => void process.stderr.write(line('error', message, fields)),
  };
}

/** Drops everything; for tests. */
export const silentLogger: Logger = { info: () => {}, error: () => {} };

/** The text of whatever was thrown. Clients of databases throw errors whose text hides in `errors` or `code`. */
export function errorText(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) {
    return thrown.errors.map(errorText).join('; ');
  }
  if (thrown instanceof Error) {
    const cause = thrown.cause === undefined ? '' : `: ${errorText(thrown.cause)}`;
    return (thrown.message || ('code' in thrown ? String(thrown.code) : thrown.name)) + cause;
  }
  return String(thrown);
}
