import { setTimeout as sleep } from 'node:timers/promises';

const pauseMs = 200;

/**
 * Resolves when every attempt has succeeded once, or when the time is over: what still does not answer then, the flows
 * will say better. An attempt that fails is made again after a pause.
 */
export async function waitFor(
  attempts: (() => Promise<unknown>)[],
  patienceMs: number,
): Promise<void> {
  const end = performance.now() + patienceMs;
  const succeed = async (attempt: () => Promise<unknown>) => {
    while (performance.now() < end) {
      try {
        await attempt();
        return;
      } catch {
        await sleep(pauseMs);
      }
    }
  };
  await Promise.all(attempts.map(succeed));
}
