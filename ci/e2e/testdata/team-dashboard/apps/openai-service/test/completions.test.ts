import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { completeUpstream } from '../src/completions.ts';
import { countTokens } from '../src/tokens.ts';

interface Seen {
  url?: string | undefined;
  headers?: IncomingHttpHeaders;
  body?: unknown;
}

/** An API that answers every request alike and notes what it was asked. */
async function modelApi(context: TestContext, status: number, answer: unknown) {
  const seen: Seen = {};
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      Object.assign(seen, { url: request.url, headers: request.headers, body });
      response.writeHead(status).end(JSON.stringify(answer));
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  context.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const options = { apiKey: 'sk-1', organization: 'org-1', model: 'some-model' };
  return {
    seen,
    complete: completeUpstream({ baseUrl: `http://127.0.0.1:${port}/v1`, ...options }),
  };
}

test('an upstream is asked with key, organization and model', async (context) => {
  const { seen, complete } = await modelApi(context, 200, {
    choices: [{ message: { content: 'Hello.' } }],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  });
  assert.deepEqual(await complete('Hi'), {
    model: 'some-model',
    text: 'Hello.',
    usage: { promptTokens: 3, completionTokens: 2, totalTokens: 5 },
  });
  assert.equal(seen.url, '/v1/chat/completions');
  assert.equal(seen.headers?.authorization, 'Bearer sk-1');
  assert.equal(seen.headers['openai-organization'], 'org-1');
  assert.deepEqual(seen.body, {
    model: 'some-model',
    messages: [{ role: 'user', content: 'Hi' }],
  });
});

test('an upstream that refuses is an error without its details', async (context) => {
  const { complete } = await modelApi(context, 401, { error: 'wrong key sk-1' });
  await assert.rejects(complete('Hi'), {
    message: "The model's API answered with status 401.",
    statusCode: 502,
  });
});

for (const [text, tokens] of [
  ['', 0],
  ['word', 1],
  ['words', 2],
  ['two words', 3],
  ['one, two.', 4],
  ['Straße', 2],
] as const) {
  test(`“${text}” has ${tokens} tokens`, () => assert.equal(countTokens(text), tokens));
}
