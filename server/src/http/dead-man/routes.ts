import type { FastifyInstance } from 'fastify'
import { type DeadManDeps, isWanted } from '../../app/dead-man.ts'
import { aliveWord } from '../../core/dead-man/script.ts'

/**
 * Where machines with a dead-man switch ask whether we are here. It takes no API key: no machine gets one. The token in the
 * address is made for one launch, and is good for this question alone.
 */
export function deadManRoutes(app: FastifyInstance, deps: DeadManDeps): void {
  app.get<{ Params: { token: string } }>(
    '/api/dead-man/:token',
    { schema: { hide: true }, config: { access: 'open' } },
    async ({ params }, reply) => {
      const wanted = params.token.length <= 200 && (await isWanted(params.token, deps))
      // The same answer whatever is wrong: there is nothing to learn here.
      return reply
        .status(wanted ? 200 : 404)
        .type('text/plain; charset=utf-8')
        .send(wanted ? aliveWord : 'not known')
    },
  )
}
