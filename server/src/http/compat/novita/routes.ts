import type { FastifyInstance } from 'fastify'

// biome-ignore lint/suspicious/noEmptyInterface: filled in by the routes
export interface NovitaDeps {}

export function novitaRoutes(_app: FastifyInstance, _deps: NovitaDeps): void {}
