import { migrate, type Postgres } from '@team-dashboard/service-kit';

export interface Member {
  name: string;
  role: string;
}

/** The people of the team. */
export class Team {
  readonly #postgres: Postgres;

  constructor(postgres: Postgres) {
    this.#postgres = postgres;
  }

  prepare(): Promise<void> {
    return migrate(this.#postgres, [
      `create table if not exists team_members (
         name text primary key,
         role text not null
       )`,
      `insert into team_members (name, role) values
         ('Ada', 'Lead developer'), ('Grace', 'Platform'), ('Linus', 'On call')
       on conflict do nothing`,
    ]);
  }

  async list(): Promise<Member[]> {
    const { rows } = await this.#postgres.query<Member>(
      'select name, role from team_members order by name limit 100',
    );
    return rows;
  }
}
