import type { FastifyInstance } from 'fastify'
import { type VastActionDeps, vastActionRoutes } from './instance-actions.ts'
import { type VastCreateDeps, vastCreateRoutes } from './instance-create.ts'
import { type VastInstanceReadDeps, vastReadRoutes } from './instance-read.ts'
import { type VastStreamDeps, vastStatusStream } from './instance-stream.ts'

export type VastInstanceDeps = VastCreateDeps & VastInstanceReadDeps & VastActionDeps & VastStreamDeps

export function vastInstanceRoutes(app: FastifyInstance, deps: VastInstanceDeps): void {
  vastCreateRoutes(app, deps)
  vastReadRoutes(app, deps)
  vastActionRoutes(app, deps)
  vastStatusStream(app, deps)
}
