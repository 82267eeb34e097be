import type { Flow, Site } from './site.ts';

export interface FlowResult {
  name: string;
  ok: boolean;
  ms: number;
  error?: string;
}

export interface Summary {
  passed: number;
  failed: number;
  flows: FlowResult[];
}

/** Runs the flows side by side, each with its clean-up, and prints a line for each and the summary as JSON. */
export async function runFlows(
  flows: Map<string, Flow>,
  site: Omit<Site, 'cleanUp'>,
  print: (line: string) => void,
): Promise<Summary> {
  const running = [...flows].map(([name, flow]) => runFlow(name, flow, site));
  const results: FlowResult[] = [];
  for (const run of running) {
    const result = await run;
    print(
      result.ok
        ? `ok   ${result.name}  ${result.ms} ms`
        : `FAIL ${result.name}  ${result.error?.replace(/\s+/g, ' ')}`,
    );
    results.push(result);
  }
  const passed = results.filter((result) => result.ok).length;
  const summary = { passed, failed: results.length - passed, flows: results };
  print(JSON.stringify(summary));
  return summary;
}

async function runFlow(
  name: string,
  flow: Flow,
  endpoints: Omit<Site, 'cleanUp'>,
): Promise<FlowResult> {
  const actions: (() => Promise<unknown>)[] = [];
  const site: Site = { ...endpoints, cleanUp: (action) => void actions.unshift(action) };
  const errors: string[] = [];
  const attempt = (work: () => Promise<unknown>) =>
    work().catch((error: unknown) =>
      errors.push(error instanceof Error ? error.message : String(error)),
    );

  const start = performance.now();
  await attempt(() => flow(site));
  for (const action of actions) await attempt(action);
  const ms = Math.round(performance.now() - start);
  return errors.length === 0
    ? { name, ok: true, ms }
    : { name, ok: false, ms, error: errors.join('; ') };
}
