import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { send } from './client.ts';
import { readOptions } from './options.ts';
import { waitFor } from './patience.ts';
import { runFlows } from './runner.ts';
import { Endpoint, type Flow } from './site.ts';

/** Every file in this folder is a flow, named after the file. */
const folder = join(import.meta.dirname, '../flows');

async function loadFlows(): Promise<Map<string, Flow>> {
  const flows = new Map<string, Flow>();
  for (const file of globSync('*.flow.{ts,mjs}', { cwd: folder }).sort()) {
    const { default: flow } = (await import(join(folder, file))) as { default?: unknown };
    if (typeof flow !== 'function')
      throw new Error(`flows/${file} has no function as default export`);
    flows.set(basename(file).replace(/\.flow\.\w+$/, ''), flow as Flow);
  }
  if (flows.size === 0) throw new Error('flows/ holds no *.flow.ts');
  return flows;
}

try {
  const { urls, patienceMs, ...client } = readOptions(process.env);
  const site = {
    dashboard: new Endpoint(urls.dashboard, client),
    agentManager: new Endpoint(urls.agentManager, client),
    mcpManager: new Endpoint(urls.mcpManager, client),
    openaiService: new Endpoint(urls.openaiService, client),
  };
  const answers = Object.values(urls).map(
    (url) => () => send({ method: 'GET', url: new URL('/health', url).href }, client),
  );
  await waitFor(answers, patienceMs);
  const summary = await runFlows(await loadFlows(), site, (line) => console.log(line));
  process.exitCode = summary.failed === 0 ? 0 : 1;
} catch (error) {
  console.error(
    `cannot run the smoke flows: ${error instanceof Error ? error.message : String(error)}`,
  );
  process.exitCode = 2;
}
