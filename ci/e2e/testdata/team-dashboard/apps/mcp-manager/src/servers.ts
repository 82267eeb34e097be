import { randomUUID } from 'node:crypto';
import type { Redis } from '@team-dashboard/service-kit';
import type { Vault } from './vault.ts';

/** A server of the Model Context Protocol that the team's agents may use. */
export interface McpServer {
  id: string;
  name: string;
  url: string;
  /** Whether a credential is stored; the credential itself is never shown again. */
  hasToken: boolean;
  createdAt: string;
}

export interface NewMcpServer {
  name: string;
  url: string;
  token?: string;
}

/** Where MCP servers are kept. */
export interface McpServers {
  list(): Promise<McpServer[]>;
  find(id: string): Promise<McpServer | undefined>;
  register(server: NewMcpServer): Promise<McpServer>;
  /** Says whether there was such a server. */
  remove(id: string): Promise<boolean>;
}

type Stored = Omit<McpServer, 'hasToken'> & { sealedToken?: string };

const key = 'mcp:servers';

export class RedisMcpServers implements McpServers {
  readonly #redis: Pick<Redis, 'hvals' | 'hget' | 'hset' | 'hdel'>;
  readonly #vault: Vault;

  constructor(redis: Pick<Redis, 'hvals' | 'hget' | 'hset' | 'hdel'>, vault: Vault) {
    this.#redis = redis;
    this.#vault = vault;
  }

  async list(): Promise<McpServer[]> {
    const all = (await this.#redis.hvals(key)).map(shown);
    return all.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  }

  async find(id: string): Promise<McpServer | undefined> {
    const text = await this.#redis.hget(key, id);
    return text === null ? undefined : shown(text);
  }

  async register({ name, url, token }: NewMcpServer): Promise<McpServer> {
    const server: Stored = { id: randomUUID(), name, url, createdAt: new Date().toISOString() };
    if (token) server.sealedToken = this.#vault.seal(token);
    const text = JSON.stringify(server);
    await this.#redis.hset(key, server.id, text);
    return shown(text);
  }

  async remove(id: string): Promise<boolean> {
    return (await this.#redis.hdel(key, id)) === 1;
  }
}

function shown(text: string): McpServer {
  const { sealedToken, ...server } = JSON.parse(text) as Stored;
  return { ...server, hasToken: sealedToken !== undefined };
}
