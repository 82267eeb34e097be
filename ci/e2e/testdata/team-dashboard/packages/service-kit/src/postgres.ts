import { Pool } from 'pg';
import type { Logger } from './log.ts';
import type { Settings } from './settings.ts';

export type Postgres = Pool;

/**
 * Opens a pool. Connections are made on demand, so an unreachable server shows in the first query.
 *
 * Four connections a process: both slots at the autoscaler's usual sizes then stay below the server's 100.
 */
export function openPostgres(url: string, settings: Settings, log: Logger): Postgres {
  const pool = new Pool({
    connectionString: url,
    max: 4,
    connectionTimeoutMillis: 2000,
    query_timeout: 5000,
    application_name: `${settings.service} ${settings.release}`,
  });
  // The server may end idle connections, for instance when it restarts; the pool replaces them.
  pool.on('error', (error) => log.error('postgres connection lost', { error: error.message }));
  return pool;
}

/**
 * Runs statements that create what the release needs, in one transaction.
 *
 * Several processes and two releases start at the same time: the lock lets them in one after the other, and
 * statements must be idempotent and only ever add (`if not exists`), since the other release goes on living.
 */
export async function migrate(postgres: Postgres, statements: string[]): Promise<void> {
  const client = await postgres.connect();
  try {
    await client.query('begin');
    await client.query("select pg_advisory_xact_lock(hashtext('team-dashboard migrations'))");
    for (const statement of statements) await client.query(statement);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  } finally {
    client.release();
  }
}
