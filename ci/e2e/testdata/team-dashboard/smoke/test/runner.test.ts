import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { runFlows, type Summary } from '../src/runner.ts';
import { Endpoint, type Flow } from '../src/site.ts';

/** A site whose services all are one server that answers with its release and the path. */
async function sampleSite(context: TestContext, expectRelease?: string, host = '127.0.0.1') {
  const server = createServer((request, response) => {
    const status = request.url === '/missing' ? 404 : 200;
    response.writeHead(status, { 'x-release': 'v1' }).end(JSON.stringify({ path: request.url }));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  context.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const resolve = new Map([['team-dashboard.test', '127.0.0.1']]);
  const options = { resolve, ca: undefined, expectRelease, timeoutMs: 5000 };
  const endpoint = new Endpoint(`http://${host}:${port}`, options);
  return {
    dashboard: endpoint,
    agentManager: endpoint,
    mcpManager: endpoint,
    openaiService: endpoint,
  };
}

async function run(
  site: Awaited<ReturnType<typeof sampleSite>>,
  flows: Record<string, Flow>,
): Promise<{ lines: string[]; summary: Summary }> {
  const lines: string[] = [];
  const summary = await runFlows(new Map(Object.entries(flows)), site, (line) => lines.push(line));
  return { lines, summary };
}

test('each flow has its line, and the last line is the summary', async (context) => {
  const { lines, summary } = await run(await sampleSite(context), {
    good: async (site) => void (await site.dashboard.get('/')),
    bad: () => Promise.reject(new Error('no such\n  page')),
  });
  assert.match(lines[0]!, /^ok {3}good {2}\d+ ms$/);
  assert.equal(lines[1], 'FAIL bad  no such page');
  assert.deepEqual(JSON.parse(lines[2]!), summary);
  assert.deepEqual([summary.passed, summary.failed], [1, 1]);
});

test('a flow cleans up in reverse order, also after a failure', async (context) => {
  const done: string[] = [];
  const { summary } = await run(await sampleSite(context), {
    bad: (site) => {
      site.cleanUp(() => Promise.resolve(done.push('first')));
      site.cleanUp(() => Promise.reject(new Error('cannot delete')));
      site.cleanUp(() => Promise.resolve(done.push('last')));
      return Promise.reject(new Error('broken'));
    },
  });
  assert.deepEqual(done, ['last', 'first']);
  assert.equal(summary.flows[0]?.error, 'broken; cannot delete');
});

test('an answer of another release fails the flow', async (context) => {
  const flow: Flow = async (site) => void (await site.dashboard.get('/'));
  assert.equal((await run(await sampleSite(context, 'v1'), { flow })).summary.failed, 0);
  const { summary } = await run(await sampleSite(context, 'v2'), { flow });
  assert.match(summary.flows[0]?.error ?? '', /release v1 answered \(status 200\), v2 should have/);
});

test('a status that was not expected fails the flow with the body', async (context) => {
  const { summary } = await run(await sampleSite(context), {
    flow: async (site) => void (await site.agentManager.json('GET', '/missing')),
  });
  assert.match(summary.flows[0]?.error ?? '', /\/missing: status 404: \{"path":"\/missing"\}/);
});

test('names are resolved as told, or else as usual', async (context) => {
  const flow: Flow = async (site) => void (await site.dashboard.get('/'));
  for (const host of ['team-dashboard.test', 'localhost']) {
    const { summary } = await run(await sampleSite(context, 'v1', host), { flow });
    assert.deepEqual(summary.flows[0]?.error, undefined, host);
  }
});
