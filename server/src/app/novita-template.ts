import type { HealthCheck } from '../core/instances/instance.ts'
import type { TimedCache } from '../core/novita-face/cache.ts'
import { type LiveTemplate, launchOf } from '../core/templates/template.ts'
import type { Clock } from '../core/time.ts'
import type { Providers, ProviderTemplate } from '../providers/provider.ts'
import type { TemplateStore } from '../store/templates.ts'
import { AppError } from './errors.ts'
import { findTemplate } from './templates.ts'

export interface NovitaTemplateDeps {
  providers: Pick<Providers, 'find'>
  templates: TemplateStore
  novitaTemplates: TimedCache<ProviderTemplate>
  clock: Pick<Clock, 'now'>
}

/** What a creation takes from a template. */
export interface NovitaTemplate extends Omit<ProviderTemplate, 'name' | 'diskGb'> {
  health: HealthCheck | null
  onstartScript: string | null
  /** Which of ours it is; null: one of Novita's. */
  ours: { name: string; version: number } | null
}

/** Names that the contract's own documents use, and what they mean here where nobody has a template of that name. */
const alsoCalled: Readonly<Record<string, string>> = { 'pytorch-jupyter': 'jupyter' }

/**
 * A template by our name for it or, where we have none of that name, by Novita's id.
 *
 * @throws AppError `not_found`, saying what there is
 */
export async function novitaTemplate(id: string, deps: NovitaTemplateDeps): Promise<NovitaTemplate> {
  const ours = (await findTemplate(id, deps)) ?? (await findTemplate(alsoCalled[id] ?? id, deps))
  if (ours !== undefined) return templateFromOurs(ours)
  const { novitaTemplates, clock } = deps
  const cached = novitaTemplates.get(id, clock.now())
  if (cached !== undefined) return templateFromTheirs(cached)
  const found = await deps.providers.find('novita')?.template?.(id)
  if (found === null || found === undefined) {
    throw new AppError('not_found', `there is no template ${id}, here or at Novita`, {
      fix: 'GET /api/v1/templates lists the ones here; Novita’s console shows the ids of its own',
      details: { what: 'template', field: 'templateId' },
    })
  }
  novitaTemplates.put(id, found, clock.now())
  return templateFromTheirs(found)
}

function templateFromOurs({ name, version, template }: LiveTemplate): NovitaTemplate {
  const { image, ports, health, environment, onstartScript } = launchOf(template)
  const ours = { name, version }
  return { image, ports, health, environment, onstartScript, ours, registryAuth: null, startCommand: null }
}

function templateFromTheirs({ name: _, diskGb: __, ...theirs }: ProviderTemplate): NovitaTemplate {
  return { ...theirs, health: null, onstartScript: null, ours: null }
}
