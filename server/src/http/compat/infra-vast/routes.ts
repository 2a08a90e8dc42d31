import type { FastifyInstance } from 'fastify'

// biome-ignore lint/suspicious/noEmptyInterface: filled in by the routes
export interface InfraVastDeps {}

export function infraVastRoutes(_app: FastifyInstance, _deps: InfraVastDeps): void {}
