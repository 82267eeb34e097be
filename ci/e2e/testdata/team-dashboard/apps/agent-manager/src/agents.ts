import { migrate, type Postgres } from '@team-dashboard/service-kit';

export interface Agent {
  id: string;
  name: string;
  role: string;
  createdAt: string;
}

export type NewAgent = Pick<Agent, 'name' | 'role'>;

/** Where agents are kept. */
export interface Agents {
  list(): Promise<Agent[]>;
  find(id: string): Promise<Agent | undefined>;
  create(agent: NewAgent): Promise<Agent>;
  /** Says whether there was such an agent. */
  remove(id: string): Promise<boolean>;
}

const columns = 'id, name, role, created_at as "createdAt"';

export class PostgresAgents implements Agents {
  readonly #postgres: Postgres;

  constructor(postgres: Postgres) {
    this.#postgres = postgres;
  }

  prepare(): Promise<void> {
    return migrate(this.#postgres, [
      `create table if not exists agents (
         id uuid primary key default gen_random_uuid(),
         name text not null,
         created_at timestamptz not null default now()
       )`,
      `alter table agents add column if not exists role text not null default 'member'`,
    ]);
  }

  async list(): Promise<Agent[]> {
    const { rows } = await this.#postgres.query<Agent>(
      `select ${columns} from agents order by created_at desc, id limit 100`,
    );
    return rows;
  }

  async find(id: string): Promise<Agent | undefined> {
    const { rows } = await this.#postgres.query<Agent>(
      `select ${columns} from agents where id = $1`,
      [id],
    );
    return rows[0];
  }

  async create({ name, role }: NewAgent): Promise<Agent> {
    const { rows } = await this.#postgres.query<Agent>(
      `insert into agents (name, role) values ($1, $2) returning ${columns}`,
      [name, role],
    );
    return rows[0]!;
  }

  async remove(id: string): Promise<boolean> {
    const { rowCount } = await this.#postgres.query('delete from agents where id = $1', [id]);
    return rowCount === 1;
  }
}
