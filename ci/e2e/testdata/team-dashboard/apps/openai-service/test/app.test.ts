import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UpstreamError, silentLogger } from '@team-dashboard/service-kit';
import { createOpenaiService, type OpenaiService } from '../src/app.ts';
import { completeLocally, type Completion } from '../src/completions.ts';
import type { Usage } from '../src/usage.ts';

class FakeUsage implements Usage {
  #requests = 0;
  #tokens = 0;

  add(tokens: number): Promise<void> {
    this.#requests++;
    this.#tokens += tokens;
    return Promise.resolve();
  }

  today = () => Promise.resolve({ requests: this.#requests, tokens: this.#tokens });
}

function service(changes: Partial<OpenaiService> = {}) {
  return createOpenaiService({
    complete: completeLocally,
    usage: new FakeUsage(),
    completed: () => {},
    log: silentLogger,
    ...changes,
  });
}

const ask = (prompt: string) =>
  ({ method: 'POST', url: '/api/openai/completions', payload: { prompt } }) as const;

test('a prompt gets the same completion each time', async () => {
  const app = service();
  const first = (await app.inject(ask('tell me a story'))).json<Completion>();
  assert.equal(first.text, 'You said 4 words: “tell me a story”');
  assert.deepEqual((await app.inject(ask('tell me a story'))).json(), first);
});

test('completions are counted and added to the usage of the day', async () => {
  const counted: number[] = [];
  const app = service({ completed: (usage) => void counted.push(usage.totalTokens) });
  const { usage } = (await app.inject(ask('hello'))).json<Completion>();
  assert.equal(usage.promptTokens + usage.completionTokens, usage.totalTokens);
  assert.deepEqual(counted, [usage.totalTokens]);
  const today = (await app.inject('/api/openai/usage')).json<unknown>();
  assert.deepEqual(today, { requests: 1, tokens: usage.totalTokens });
});

test('an empty prompt is refused with a message', async () => {
  const response = await service().inject(ask('  '));
  assert.equal(response.statusCode, 400);
  assert.match(response.json<{ message: string }>().message, /^body\/prompt/);
});

test('an answer that the model’s API does not give is told', async () => {
  const lost = new UpstreamError("The model's API answered with status 429.", 502);
  const response = await service({ complete: () => Promise.reject(lost) }).inject(ask('hello'));
  assert.equal(response.statusCode, 502);
  assert.equal(response.json<{ message: string }>().message, lost.message);
});

test('tokens of a text are counted', async () => {
  const request = { method: 'POST', url: '/api/openai/tokens', payload: { text: 'Hi!' } } as const;
  assert.deepEqual((await service().inject(request)).json(), { tokens: 2 });
});
