import { cookies } from 'next/headers';
import { getRuntime } from '../runtime.ts';
import { sessionCookie, unseal } from '../session.ts';
import { Agents } from './cards/agents.tsx';
import { Ask } from './cards/ask.tsx';
import { McpServers } from './cards/mcp-servers.tsx';
import { Services } from './cards/services.tsx';
import { TeamCard } from './cards/team.tsx';
import { Failure } from './failure.tsx';

export const dynamic = 'force-dynamic';

interface Props {
  searchParams: Promise<{ ask?: string | string[]; failed?: string | string[] }>;
}

const failures: Record<string, string> = {
  agent: 'agent-manager did not accept the agent.',
  'mcp-server': 'mcp-manager did not accept the server.',
  'sign-in': 'GitHub did not confirm the sign-in. Please try again.',
};

export default async function Home({ searchParams }: Props) {
  const { ask, failed } = await searchParams;
  const { activity, settings, signIn, views, releaseNotes } = getRuntime();
  const count = await views.add().catch(() => undefined);
  const cookie = (await cookies()).get(sessionCookie)?.value;
  const login = unseal(cookie, new Date(), signIn.secret);
  await activity.viewed(login).catch(() => undefined);
  const problem = typeof failed === 'string' ? failures[failed] : undefined;
  return (
    <>
      <header>
        <h1>Team Dashboard</h1>
        <Person login={login} />
      </header>
      <main>
        {problem && <Failure text={problem} />}
        <div className="grid">
          <TeamCard />
          <Agents />
          <McpServers />
          <Ask prompt={typeof ask === 'string' ? ask : ''} />
          <Services />
          <section className="card">
            <h2>This release</h2>
            <p>
              <span className="badge">{settings.release}</span>{' '}
              {settings.slot && <span className={`badge ${settings.slot}`}>{settings.slot}</span>}
            </p>
            <p>{releaseNotes}</p>
          </section>
        </div>
      </main>
      <footer>
        <span>
          {settings.environment} · release {settings.release}
          {settings.slot && ` · slot ${settings.slot}`}
        </span>
        {count !== undefined && <span>shown {count} times</span>}
      </footer>
    </>
  );
}

function Person({ login }: { login: string | undefined }) {
  if (!login) {
    return (
      <a className="button" href="/sign-in">
        Sign in
      </a>
    );
  }
  return (
    <form className="plain" action="/auth/sign-out" method="post">
      <button>Sign out {login}</button>
    </form>
  );
}
