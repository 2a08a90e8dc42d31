import type { FastifyInstance } from 'fastify'

// biome-ignore lint/suspicious/noEmptyInterface: filled in by the routes
export interface VastDeps {}

export function vastRoutes(_app: FastifyInstance, _deps: VastDeps): void {}
