import { errorText, type Logger } from './log.ts';
import type { Service } from './service.ts';

/**
 * Runs a service as the process's only task: exit code 0 after SIGTERM or SIGINT, 1 with one clear line when it
 * cannot start.
 */
export function run(start: () => Promise<{ service: Service; log: Logger }>): void {
  start().then(
    ({ service, log }) => {
      const end = (signal: string) => {
        log.info('stopping', { signal });
        service.stop().then(
          () => process.exit(0),
          (error: unknown) => fail(error),
        );
      };
      process.once('SIGTERM', end);
      process.once('SIGINT', end);
    },
    (error: unknown) => fail(error),
  );
}

function fail(error: unknown): void {
  process.stderr.write(`cannot run: ${errorText(error)}\n`);
  process.exit(1);
}
