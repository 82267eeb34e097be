import { UpstreamError, lossText } from '@team-dashboard/service-kit';
import { countTokens } from './tokens.ts';

export interface Completion {
  model: string;
  text: string;
  usage: { promptTokens: number; completionTokens: number; totalTokens: number };
}

/** Answers a prompt. */
export type Complete = (prompt: string) => Promise<Completion>;

export const localModel = 'local-summary';

/**
 * Answers without any model: the same prompt always gets the same answer. It serves every environment that has
 * no upstream, so that the service can be tried and tested without a paid account.
 */
export const completeLocally: Complete = (prompt) => {
  const words = prompt.trim().split(/\s+/);
  const start = words.slice(0, 12).join(' ') + (words.length > 12 ? ' …' : '');
  const text = `You said ${words.length} ${words.length === 1 ? 'word' : 'words'}: “${start}”`;
  return Promise.resolve({ model: localModel, text, usage: usage(prompt, text) });
};

export interface UpstreamOptions {
  /** For example `https://api.openai.com/v1`. */
  baseUrl: string;
  apiKey: string;
  organization: string | undefined;
  model: string;
}

/** Milliseconds for a model's answer. */
const upstreamTimeoutMs = 30_000;

interface ChatCompletion {
  choices: { message: { content: string } }[];
  usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
}

/** Answers by an API that is compatible with OpenAI's chat completions. */
export function completeUpstream(options: UpstreamOptions): Complete {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    authorization: `Bearer ${options.apiKey}`,
  };
  if (options.organization) headers['openai-organization'] = options.organization;
  return async (prompt) => {
    const response = await fetch(`${options.baseUrl}/chat/completions`, {
      method: 'POST',
      headers,
      body: JSON.stringify({
        model: options.model,
        messages: [{ role: 'user', content: prompt }],
      }),
      signal: AbortSignal.timeout(upstreamTimeoutMs),
    }).catch((error: unknown) => {
      throw new UpstreamError(`The model's API did not answer: ${lossText(error)}`, 502);
    });
    if (!response.ok) {
      throw new UpstreamError(`The model's API answered with status ${response.status}.`, 502);
    }
    const answer = (await response.json()) as ChatCompletion;
    const text = answer.choices[0]?.message.content ?? '';
    const counted = answer.usage;
    return {
      model: options.model,
      text,
      usage: counted
        ? {
            promptTokens: counted.prompt_tokens,
            completionTokens: counted.completion_tokens,
            totalTokens: counted.total_tokens,
          }
        : usage(prompt, text),
    };
  };
}

function usage(prompt: string, text: string): Completion['usage'] {
  const promptTokens = countTokens(prompt);
  const completionTokens = countTokens(text);
  return { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens };
}
