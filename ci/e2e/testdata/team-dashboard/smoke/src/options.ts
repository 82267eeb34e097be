import { readFileSync } from 'node:fs';
import type { ClientOptions } from './client.ts';
import type { ServiceName } from './site.ts';

export interface Options extends ClientOptions {
  urls: Record<ServiceName, string>;
  /** Milliseconds to wait for all services to answer before the flows begin. */
  patienceMs: number;
}

/** Reads the SMOKE_… variables. Throws with the variable's name when one is missing or malformed. */
export function readOptions(env: Readonly<Record<string, string | undefined>>): Options {
  return {
    urls: {
      dashboard: baseUrl(env, 'SMOKE_DASHBOARD_URL'),
      agentManager: baseUrl(env, 'SMOKE_AGENT_MANAGER_URL'),
      mcpManager: baseUrl(env, 'SMOKE_MCP_MANAGER_URL'),
      openaiService: baseUrl(env, 'SMOKE_OPENAI_SERVICE_URL'),
    },
    resolve: addresses(env.SMOKE_RESOLVE ?? ''),
    ca: env.SMOKE_CA ? readFileSync(env.SMOKE_CA, 'utf8') : undefined,
    expectRelease: env.SMOKE_EXPECT_RELEASE || undefined,
    timeoutMs: 10_000,
    patienceMs: seconds(env, 'SMOKE_PATIENCE') * 1000,
  };
}

function baseUrl(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name];
  if (!value) throw new Error(`${name} is not set; it holds the base URL of the service to try`);
  if (!/^https?:\/\//.test(value) || !URL.canParse(value)) {
    throw new Error(`${name} is "${value}", which is no http or https URL`);
  }
  return value;
}

function seconds(env: Readonly<Record<string, string | undefined>>, name: string): number {
  const value = env[name] || '0';
  if (!/^\d+$/.test(value)) throw new Error(`${name} is "${value}", which is no number of seconds`);
  return Number(value);
}

function addresses(text: string): Map<string, string> {
  const entries = text.split(',').filter((entry) => entry !== '');
  return new Map(
    entries.map((entry) => {
      const [host, address, ...rest] = entry.trim().split('=');
      if (!host || !address || rest.length > 0) {
        throw new Error(`SMOKE_RESOLVE has "${entry}", which is not host=address`);
      }
      return [host, address];
    }),
  );
}
