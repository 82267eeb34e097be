import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Upstream, UpstreamError } from '../src/upstream.ts';

async function upstream(context: TestContext, listener: RequestListener): Promise<Upstream> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  context.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return new Upstream('agent-manager', `http://127.0.0.1:${port}/`);
}

test('the answer is parsed', async (context) => {
  const agents = await upstream(context, (request, response) =>
    response.end(JSON.stringify({ path: request.url })),
  );
  assert.deepEqual(await agents.get('/api/agents'), { path: '/api/agents' });
});

test("the other service's message reaches the caller", async (context) => {
  const agents = await upstream(context, (_request, response) =>
    response.writeHead(404).end(JSON.stringify({ message: 'There is no agent 1.' })),
  );
  await assert.rejects(agents.get('/api/agents/1'), {
    message: 'agent-manager: There is no agent 1.',
    statusCode: 404,
  });
});

test('no answer is an error that names the service', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const nobody = new Upstream('agent-manager', `http://127.0.0.1:${port}`);
  await assert.rejects(nobody.get('/api/agents'), (error) => {
    assert.ok(error instanceof UpstreamError);
    const reason = `connect ECONNREFUSED 127.0.0.1:${port}`;
    assert.equal(error.message, `agent-manager did not answer: ${reason}`);
    assert.equal(error.statusCode, 502);
    return true;
  });
});

test('reading is tried again after a lost connection, writing is not', async (context) => {
  const methods: (string | undefined)[] = [];
  const agents = await upstream(context, (request, response) => {
    methods.push(request.method);
    if (methods.length === 1 || request.method === 'POST') request.socket.destroy();
    else response.end('{}');
  });
  await agents.get('/');
  await assert.rejects(agents.post('/', {}), UpstreamError);
  assert.deepEqual(methods, ['GET', 'GET', 'POST']);
});
