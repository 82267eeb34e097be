/** What every service is told by its environment. */
export interface Settings {
  /** Name of the service, for example `agent-manager`. */
  service: string;
  host: string;
  port: number;
  /** Version of the release that this process belongs to; `dev` outside of a cluster. */
  release: string;
  /** `blue`, `green`, or empty where an environment has no slots. */
  slot: string;
  /** `staging`, `production`, or `development` outside of a cluster. */
  environment: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the common settings.
 *
 * Throws when PORT is no port number; all other variables have defaults for a developer's machine.
 */
export function readSettings(service: string, defaultPort: number, env: Environment): Settings {
  const port = Number(env.PORT ?? defaultPort);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error(`reading PORT: "${env.PORT}" is no port; give a whole number up to 65535`);
  }
  return {
    service,
    host: env.HOST ?? '127.0.0.1',
    port,
    release: env.RELEASE || 'dev',
    slot: env.SLOT ?? '',
    environment: env.ENVIRONMENT || 'development',
  };
}

/** Reads a variable without which the service cannot work; `purpose` ends up in the error's text. */
export function required(env: Environment, name: string, purpose: string): string {
  const value = env[name];
  if (!value) {
    throw new Error(`reading ${name}: it is not set; it holds ${purpose}`);
  }
  return value;
}

/** Reads a variable that must hold a URL. Its value is not repeated in the error: it may hold a password. */
export function requiredUrl(env: Environment, name: string, purpose: string): string {
  const value = required(env, name, purpose);
  if (!URL.canParse(value)) throw new Error(`reading ${name}: it is no URL; it holds ${purpose}`);
  return value;
}
