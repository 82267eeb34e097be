import assert from 'node:assert/strict';
import { expectNoAlert } from '../src/expect.ts';
import type { Site } from '../src/site.ts';

interface Completion {
  text: string;
  usage: { promptTokens: number; completionTokens: number; totalTokens: number };
}

/** A program asks for a completion and a person for an answer; the tokens are counted. */
export default async function askCompletion({ dashboard, openaiService }: Site): Promise<void> {
  const usage = () => openaiService.json<{ tokens: number }>('GET', '/api/openai/usage');
  const before = await usage();
  const body = { prompt: 'What does a smoke test tell?' };
  const completion = await openaiService.json<Completion>('POST', '/api/openai/completions', body);
  assert.notEqual(completion.text, '', 'the completion is empty');
  const { promptTokens, completionTokens, totalTokens } = completion.usage;
  assert.equal(promptTokens + completionTokens, totalTokens, 'the tokens do not add up');
  const after = await usage();
  assert.ok(after.tokens > before.tokens, 'the tokens were not added to the usage');

  expectNoAlert(await dashboard.get('/?ask=Is%20anybody%20there%3F'));
}
