import assert from 'node:assert/strict';
import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { text } from 'node:stream/consumers';
import { FaultInjector, type Fault } from '../src/faults.ts';
import { createApp, fastifyApplication } from '../src/fastify.ts';
import { Health } from '../src/health.ts';
import { silentLogger } from '../src/log.ts';
import { Metrics } from '../src/metrics.ts';
import { serve, type Application, type Kit, type Service } from '../src/service.ts';
import { settings } from './sample.ts';

function sampleKit(fault: Fault = {}): Kit {
  return {
    settings,
    log: silentLogger,
    metrics: new Metrics(settings),
    health: new Health(settings).add('redis', () => Promise.resolve('PONG')),
    faults: new FaultInjector(fault),
  };
}

async function start(
  context: TestContext,
  kit: Kit,
  changes: Partial<Application> = {},
): Promise<Service> {
  const app = createApp(silentLogger);
  app.get('/things/:id', () => ({ ok: true }));
  app.get('/broken', () => {
    throw new Error('password of the database: hunter2');
  });
  const application = {
    ...(await fastifyApplication(app)),
    health: { '/api/sample/health': () => kit.health.report() },
    ...changes,
  };
  const service = await serve(kit, application, { quietMs: 1, limitMs: 5000 });
  context.after(() => service.stop());
  return service;
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

async function get(service: Service, path: string, agent?: Agent): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const url = `http://127.0.0.1:${service.port}${path}`;
  request(url, { agent: agent ?? false }, (response) => {
    text(response).then(
      (body) =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: body }),
      reject,
    );
  })
    .on('error', reject)
    .end();
  return promise;
}

async function untilReady(service: Service): Promise<void> {
  while ((await get(service, '/ready')).status !== 200);
}

test('every response names service, release and slot', async (context) => {
  const service = await start(context, sampleKit());
  const paths: [string, number][] = [
    ['/things/1', 200],
    ['/nothing', 404],
    ['/broken', 500],
    ['/health', 200],
    ['/api/sample/health', 200],
    ['/live', 200],
    ['/metrics', 200],
  ];
  for (const [path, status] of paths) {
    const answer = await get(service, path);
    assert.equal(answer.status, status, path);
    assert.equal(answer.headers['x-service'], 'sample', path);
    assert.equal(answer.headers['x-release'], 'v1', path);
    assert.equal(answer.headers['x-slot'], 'green', path);
  }
});

test('so does the answer to what is no HTTP', async (context) => {
  const service = await start(context, sampleKit());
  const socket = connect(service.port, '127.0.0.1');
  socket.write('this is no request\r\n\r\n');
  const answer = await text(socket);
  assert.match(answer, /^HTTP\/1\.1 400 /);
  assert.match(answer, /^x-release: v1\r$/m);
});

test('errors are JSON with a message, without inner details', async (context) => {
  const service = await start(context, sampleKit());
  assert.deepEqual(JSON.parse((await get(service, '/nothing')).text), {
    statusCode: 404,
    error: 'Not Found',
    message: 'There is no GET /nothing here.',
  });
  const broken = await get(service, '/broken');
  assert.doesNotMatch(broken.text, /hunter2/);
  assert.equal((JSON.parse(broken.text) as { statusCode: number }).statusCode, 500);
});

test('an error outside of the framework is answered, too', async (context) => {
  const handle = () => Promise.reject(new Error('hunter2'));
  const service = await start(context, sampleKit(), { handle });
  const answer = await get(service, '/things/1');
  assert.equal(answer.status, 500);
  assert.equal(answer.headers['x-release'], 'v1');
  assert.doesNotMatch(answer.text, /hunter2/);
});

test('durations are measured by method, route pattern and status; probes are not', async (context) => {
  const kit = sampleKit();
  const service = await start(context, kit);
  for (const path of ['/things/1', '/things/2', '/nothing', '/health', '/ready', '/metrics']) {
    await get(service, path);
  }
  const { text: metrics } = await get(service, '/metrics');
  const counts = metrics
    .split('\n')
    .filter((line) => line.startsWith('http_request_duration_seconds_count'));
  assert.deepEqual(counts, [
    'http_request_duration_seconds_count{method="GET",route="/things/:id",status="200"} 2',
    'http_request_duration_seconds_count{method="GET",route="unmatched",status="404"} 1',
  ]);
  assert.match(metrics, /^process_resident_memory_bytes /m);
  assert.match(metrics, /^team_dashboard_release_info\{.*release="v1",slot="green"\} 1$/m);
});

test('a failing dependency turns health to 503', async (context) => {
  const kit = sampleKit();
  kit.health.add('postgres', () => Promise.reject(new Error('connection refused')));
  const service = await start(context, kit);
  for (const path of ['/health', '/api/sample/health']) {
    const answer = await get(service, path);
    const report = JSON.parse(answer.text) as { status: string };
    assert.deepEqual([answer.status, report.status], [503, 'error'], path);
  }
});

test('the service is ready once its preparations have succeeded', async (context) => {
  const gate = Promise.withResolvers<void>();
  const service = await start(context, sampleKit(), { prepare: () => gate.promise });
  assert.equal((await get(service, '/ready')).status, 503);
  assert.equal((await get(service, '/live')).status, 200);
  gate.resolve();
  await untilReady(service);
});

test('fault: crash at the start', async (context) => {
  await assert.rejects(start(context, sampleKit({ start: 'crash' })), /crashes .* on purpose/);
});

test('fault: never ready', async (context) => {
  const prepared = Promise.withResolvers<void>();
  const prepare = () => Promise.resolve(prepared.resolve());
  const service = await start(context, sampleKit({ ready: 'never' }), { prepare });
  await prepared.promise;
  assert.equal((await get(service, '/ready')).status, 503);
  assert.equal((await get(service, '/things/1')).status, 200);
});

test('fault: health fails while the dependencies are well', async (context) => {
  const service = await start(context, sampleKit({ health: 'fail' }));
  const answer = await get(service, '/health');
  assert.equal(answer.status, 503);
  assert.match(answer.text, /on purpose/);
});

test('fault: every second request fails, probes do not', async (context) => {
  const service = await start(context, sampleKit({ errorRate: 0.5 }));
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) {
    statuses.push((await get(service, '/things/1')).status);
    assert.equal((await get(service, '/health')).status, 200);
  }
  assert.deepEqual(statuses, [200, 500, 200, 500]);
});

test('stopping answers what is in flight and asks for new connections', async (context) => {
  const arrived = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const closed: string[] = [];
  const service = await start(context, sampleKit(), {
    handle: async (_request, response) => {
      arrived.resolve();
      await gate.promise;
      response.end('done');
    },
    close: () => Promise.resolve(void closed.push('closed')),
  });
  const agent = new Agent({ keepAlive: true });
  context.after(() => agent.destroy());
  const kept = await get(service, '/live', agent);
  assert.equal(kept.headers.connection, 'keep-alive');

  const inFlight = get(service, '/slow', agent);
  await arrived.promise;
  const stopped = service.stop();
  const late = await get(service, '/ready');
  assert.deepEqual([late.status, late.headers.connection], [503, 'close']);
  gate.resolve();
  const answer = await inFlight;
  assert.deepEqual([answer.text, answer.headers.connection], ['done', 'close']);
  await stopped;
  assert.deepEqual(closed, ['closed']);
  await assert.rejects(get(service, '/live'), /ECONNREFUSED/);
});
