import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpExchange } from './service.ts';

export function readExchange(request: FastifyRequest, reply: FastifyReply): HttpExchange {
  return {
    header(name) {
      const value = request.headers[name];
      return Array.isArray(value) ? (value[0] ?? null) : (value ?? null);
    },
    setHeader(name, value) {
      void reply.header(name, value);
    },
    setStatus(status) {
      void reply.status(status);
    },
  };
}
