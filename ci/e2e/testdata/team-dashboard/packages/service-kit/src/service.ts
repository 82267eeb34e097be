import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultInjector, readFault } from './faults.ts';
import { Front } from './front.ts';
import { Health, type HealthReport } from './health.ts';
import { createLogger, errorText, type Logger } from './log.ts';
import { Metrics } from './metrics.ts';
import { errorBody } from './responses.ts';
import type { Environment, Settings } from './settings.ts';

/**
 * Longer than any ingress controller keeps an idle connection (nginx 60 s, Traefik 90 s), so that it is the
 * one to close: a request can never meet a connection that this side has just given up.
 */
const keepAliveMs = 95_000;
/** How a service ends, in milliseconds. */
export interface Drain {
  /** It listens until no request has come for this long: those that were on their way are still answered. */
  quietMs: number;
  /** But not longer than this in all: a minute, after which the ingress gives a request up, too. */
  limitMs: number;
}

const defaultDrain: Drain = { quietMs: 1000, limitMs: 60_000 };

/** Preparations (migrations) that fail are tried again: the database may be starting at the same time. */
const prepareRetryMs = 1000;

/** What a service is made of. Created first, so that the application can use its parts. */
export interface Kit {
  settings: Settings;
  log: Logger;
  metrics: Metrics;
  health: Health;
  faults: FaultInjector;
}

/** Puts the parts together. FAULTS_FILE names the faults of this release; by default those of the workspace. */
export function createKit(settings: Settings, env: Environment): Kit {
  const faultsFile = env.FAULTS_FILE ?? '../../faults.json';
  return {
    settings,
    log: createLogger(settings),
    metrics: new Metrics(settings),
    health: new Health(settings),
    faults: new FaultInjector(readFault(faultsFile, settings.service)),
  };
}

export interface Application {
  handle: (request: IncomingMessage, response: ServerResponse) => unknown;
  route: (request: IncomingMessage) => string;
  /** Paths that the ingress leads here and that report health; /health is there anyway. */
  health: Record<string, () => Promise<HealthReport>>;
  /** What must succeed before the service is ready. Repeated until it does, so it must be idempotent. */
  prepare?: () => Promise<void>;
  /** Gives resources back after the last response. */
  close?: () => Promise<void>;
}

export interface Service {
  /** The port that it listens on; of interest where the settings say 0. */
  port: number;
  /** Answers what is in flight and what still comes, then stops listening. Resolves when all is closed. */
  stop(): Promise<void>;
}

/** Starts to serve. Resolves once the service listens; it may not be ready yet. */
export async function serve(
  kit: Kit,
  application: Application,
  drain: Drain = defaultDrain,
): Promise<Service> {
  const { settings, log, metrics, health, faults } = kit;
  if (faults.crashes) throw new Error('this release crashes at its start on purpose (faults.json)');
  const front = new Front({
    settings,
    metrics,
    faults,
    log,
    application: application.handle,
    route: application.route,
    health: { '/health': () => health.report(), ...application.health },
  });
  const server = createServer({ keepAliveTimeout: keepAliveMs }, front.listener);
  server.on('clientError', (_error, socket) => refuse(settings, socket as Socket));
  server.listen(settings.port, settings.host);
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
  const { port } = server.address() as AddressInfo;
  log.info('listening', { host: settings.host, port });
  faults.startLeak();
  void becomeReady(front, application, log);
  return { port, stop: () => stop(server, front, application, drain) };
}

async function becomeReady(front: Front, application: Application, log: Logger): Promise<void> {
  while (front.phase === 'starting') {
    try {
      await application.prepare?.();
      // A SIGTERM may have come meanwhile; draining must not be undone.
      if (front.phase === 'starting') front.phase = 'ready';
      log.info('ready');
    } catch (error) {
      log.error('preparing failed; trying again', { error: errorText(error) });
      await sleep(prepareRetryMs);
    }
  }
}

async function stop(
  server: Server,
  front: Front,
  application: Application,
  { quietMs, limitMs }: Drain,
): Promise<void> {
  front.drain();
  const start = performance.now();
  const quietSince = () => Math.max(start, front.lastArrival);
  while (front.inFlight > 0 || performance.now() < quietSince() + quietMs) {
    if (performance.now() > start + limitMs) break;
    await sleep(20);
  }
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
  await application.close?.();
}

/** Answers bytes that are no HTTP request; such an answer, too, names its release. */
function refuse(settings: Settings, socket: Socket): void {
  if (!socket.writable) return;
  const body = JSON.stringify(errorBody(400, 'This is no HTTP request that the service can read.'));
  socket.end(
    [
      'HTTP/1.1 400 Bad Request',
      `x-service: ${settings.service}`,
      `x-release: ${settings.release}`,
      `x-slot: ${settings.slot}`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
