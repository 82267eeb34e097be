import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { errorText, type Logger } from './log.ts';
import { errorBody } from './responses.ts';
import type { Application } from './service.ts';

const routes = new WeakMap<IncomingMessage, string>();

/** A Fastify application whose errors, unknown routes included, are JSON with a message for a person. */
export function createApp(log: Logger): FastifyInstance {
  const app = Fastify({ ajv: { customOptions: { removeAdditional: false } } });
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.routeOptions.url) routes.set(request.raw, request.routeOptions.url);
    done();
  });
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send(errorBody(404, `There is no ${request.method} ${request.url} here.`)),
  );
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send(errorBody(status, error.message));
    const { method, url } = request;
    log.error('answering a request failed', { method, url, error: errorText(error) });
    // Only errors that were made for people carry a status; others may hold details of a database.
    const text = error.statusCode ? error.message : 'The service failed; its log says why.';
    return reply.code(status).send(errorBody(status, text));
  });
  return app;
}

/** Makes a Fastify application servable by `serve`. */
export async function fastifyApplication(
  app: FastifyInstance,
): Promise<Pick<Application, 'handle' | 'route'>> {
  await app.ready();
  return {
    handle: (request, response) => app.routing(request, response),
    route: (request) => routes.get(request) ?? 'unmatched',
  };
}
