import type { HealthReport, Settings, Upstream } from '@team-dashboard/service-kit';
import type { Activity } from './activity.ts';
import type { Team } from './team.ts';
import type { Views } from './views.ts';

/** What the server provides to pages and route handlers. */
export interface Runtime {
  settings: Settings;
  team: Team;
  views: Views;
  activity: Activity;
  agentManager: Upstream;
  mcpManager: Upstream;
  openaiService: Upstream;
  /** The state of all four services. */
  health: () => Promise<HealthReport>;
  releaseNotes: string;
  signIn: SignIn;
}

export interface SignIn {
  /** Signs cookies. */
  secret: string;
  /** The URL at which people reach the dashboard. */
  publicUrl: string;
  /** The OAuth application at GitHub; undefined where none is set up. */
  github: { clientId: string; clientSecret: string } | undefined;
}

const key = Symbol.for('team-dashboard.runtime');
const holder = globalThis as unknown as Record<symbol, Runtime | undefined>;

/** Next.js bundles pages apart from the server, so the two share this object through the process, not by import. */
export function provideRuntime(runtime: Runtime): void {
  holder[key] = runtime;
}

export function getRuntime(): Runtime {
  const runtime = holder[key];
  if (!runtime) throw new Error('the dashboard runs only under its own server, src/server.ts');
  return runtime;
}
