import type { FastifyInstance } from 'fastify'
import { type ProviderWorksDeps, providerWorks } from '../../../app/provider-works.ts'

export type VastHealthDeps = ProviderWorksDeps

/** Whether Vast can be used now, with this key; 503 with the reason when not. */
export function vastHealthRoute(app: FastifyInstance, deps: VastHealthDeps): void {
  app.get('/api/vast/health', { config: { access: 'viewer' }, schema: { hide: true } }, async () => {
    await providerWorks('vast', deps)
    return { status: 'healthy', service: 'vast', message: 'Vast.ai가 정상적으로 응답합니다' }
  })
}
