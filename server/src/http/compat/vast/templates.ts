import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { AppError } from '../../../app/errors.ts'
import { findTemplate, listTemplates, type TemplateDeps } from '../../../app/templates.ts'
import { configFrom } from '../../../core/templates/contract-config.ts'
import { type LiveTemplate, shownTemplate } from '../../../core/templates/template.ts'

export type VastTemplateDeps = TemplateDeps

const Params = z.object({ template_name: z.string().min(1) })

export function vastTemplateRoutes(app: FastifyInstance, deps: VastTemplateDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>()
  const config = { access: 'viewer' as const }

  // Clients of this contract read a model's name from each, so that others are found by their name alone.
  typed.get('/api/vast/templates', { config, schema: { hide: true } }, async () => ({
    templates: (await listTemplates(deps)).filter(({ template }) => template.vllm !== null).map(templateView),
  }))

  typed.get(
    '/api/vast/templates/:template_name',
    { config, schema: { hide: true, params: Params } },
    async ({ params }) => {
      const found = await findTemplate(params.template_name, deps)
      if (found !== undefined) return templateView(found)
      throw new AppError('not_found', noSuchTemplateText(params.template_name), { fix: 'GET /api/vast/templates' })
    },
  )
}

/** The contract's own words. */
export function noSuchTemplateText(name: string): string {
  return `템플릿 '${name}'을 찾을 수 없습니다`
}

function templateView(live: LiveTemplate) {
  return { name: live.name, version: live.version, config: configFrom(shownTemplate(live)) }
}
