import type { GpuCatalogue } from '../core/gpus/gpu.ts'
import { usdFromNanos } from '../core/money.ts'
import { builtInTemplate, builtInTemplates } from '../core/templates/built-in.ts'
import { mistakesIn, type TemplateMistake } from '../core/templates/rules.ts'
import { isLive, type LiveTemplate, type Template, type TemplateVersion } from '../core/templates/template.ts'
import type { Clock } from '../core/time.ts'
import type { NewEvent } from '../store/events.ts'
import type { TemplateStore } from '../store/templates.ts'
import { AppError } from './errors.ts'
import { modelsNamed } from './market.ts'
import { doneBefore, doneBy, type Who } from './who.ts'

export interface TemplateDeps {
  templates: TemplateStore
  gpus: Pick<GpuCatalogue, 'meantBy' | 'near'>
  clock: Pick<Clock, 'now'>
}

/** Why a template is not as it should be, by field of `Template`: every face has its own names for them. */
export class TemplateRefused extends Error {
  readonly mistakes: readonly TemplateMistake[]

  constructor(mistakes: readonly TemplateMistake[]) {
    super(mistakes.map(({ field, problem }) => `${field}: ${problem}`).join('; '))
    this.name = 'TemplateRefused'
    this.mistakes = mistakes
  }
}

/** What is built in, then the users' own. */
export async function listTemplates({ templates }: Pick<TemplateDeps, 'templates'>): Promise<LiveTemplate[]> {
  const own = (await templates.newest()).filter(isLive).filter(({ name }) => builtInTemplate(name) === undefined)
  return [...builtInTemplates, ...own]
}

/** As it is now; upper and lower case are the same. */
export async function findTemplate(
  name: string,
  { templates }: Pick<TemplateDeps, 'templates'>,
): Promise<LiveTemplate | undefined> {
  const builtIn = builtInTemplate(name)
  if (builtIn !== undefined) return builtIn
  const [newest] = await templates.versions(name.toLowerCase())
  return isLive(newest) ? newest : undefined
}

/** @throws AppError `not_found` that names the templates there are */
export async function getTemplate(name: string, deps: Pick<TemplateDeps, 'templates'>): Promise<LiveTemplate> {
  const found = await findTemplate(name, deps)
  if (found === undefined) throw await noSuchTemplate(name, deps)
  return found
}

/** Everything that it ever was, newest first; of a deleted one too. */
export async function templateVersions(
  name: string,
  deps: Pick<TemplateDeps, 'templates'>,
): Promise<readonly TemplateVersion[]> {
  const builtIn = builtInTemplate(name)
  if (builtIn !== undefined) return [builtIn]
  const versions = await deps.templates.versions(name.toLowerCase())
  if (versions.length === 0) throw await noSuchTemplate(name, deps)
  return versions
}

export async function createTemplate(template: Template, who: Who, deps: TemplateDeps): Promise<LiveTemplate> {
  const { name } = template
  if (doneBefore(who) !== null) return getTemplate(name, deps)
  refuseBuiltIn(name)
  const [newest] = await deps.templates.versions(name)
  if (isLive(newest)) {
    throw new AppError('not_allowed_now', `there is a template ${name} already`, {
      fix: `take another name, or change it: PUT /api/v1/templates/${name}`,
      details: { template: name, version: newest.version },
    })
  }
  return added(template, newest, who, deps)
}

/** Makes its next version; what is left out stays. Instances keep what they were launched with. */
export async function changeTemplate(
  name: string,
  change: Partial<Omit<Template, 'name'>>,
  who: Who,
  deps: TemplateDeps,
): Promise<LiveTemplate> {
  const before = await changeable(name, deps)
  if (doneBefore(who) !== null) return before
  return added({ ...before.template, ...change }, before, who, deps)
}

/** Its versions stay, so that instances can tell what they were launched with. */
export async function deleteTemplate(name: string, who: Who, deps: TemplateDeps): Promise<TemplateVersion> {
  const made = doneBefore(who)
  if (made !== null) {
    const [newest] = await deps.templates.versions(made)
    if (newest !== undefined) return newest
  }
  return written({ before: await changeable(name, deps), template: null, origin: 'user' }, who, deps)
}

/**
 * Makes the templates of files what the files say: new and changed ones get a version, those whose file is gone are deleted.
 *
 * @returns how many there are
 */
export async function takeOverFiles(
  files: readonly Template[],
  deps: Pick<TemplateDeps, 'templates' | 'clock'>,
): Promise<number> {
  const known = new Map((await deps.templates.newest()).map((one) => [one.name, one]))
  const who: Who = { actor: 'files', project: null }
  for (const template of files) {
    const before = known.get(template.name)
    if (before?.origin === 'file' && before.template !== null && isSame(before.template, template)) continue
    await written({ before, template, origin: 'file' }, who, deps)
  }
  const named = new Set(files.map(({ name }) => name))
  for (const before of known.values()) {
    if (before.origin !== 'file' || before.template === null || named.has(before.name)) continue
    await written({ before, template: null, origin: 'file' }, who, deps)
  }
  return files.length
}

async function added(template: Template, before: TemplateVersion | undefined, who: Who, deps: TemplateDeps) {
  const mistakes = mistakesIn(template)
  if (mistakes.length > 0) throw new TemplateRefused(mistakes)
  // A name that nobody knows would be found out at the first launch.
  modelsNamed(template.gpuModels, deps.gpus)
  return { ...(await written({ before, template, origin: 'user' }, who, deps)), template }
}

async function written(
  { before, template, origin }: Pick<TemplateVersion, 'template' | 'origin'> & { before: TemplateVersion | undefined },
  who: Who,
  deps: Pick<TemplateDeps, 'templates' | 'clock'>,
): Promise<TemplateVersion> {
  const name = template?.name ?? before?.name ?? ''
  const version = { name, version: (before?.version ?? 0) + 1, template, origin }
  const now = deps.clock.now()
  const done =
    before === undefined || before.template === null ? 'was made' : template === null ? 'was deleted' : 'was changed'
  const event: NewEvent = {
    at: now,
    instanceId: null,
    kind: 'changed',
    status: null,
    because: null,
    message: `template ${name} ${done} (version ${version.version})`,
    data: { what: 'template', template: name, version: version.version },
    ...doneBy(who, name),
    before: plain(before?.template ?? null),
    after: plain(template),
  }
  const complete = { ...version, createdAt: now, createdBy: who.actor }
  if (await deps.templates.add(complete, event)) return complete
  throw new AppError('not_allowed_now', `somebody changed template ${name} at the same moment`, {
    fix: `look at it again and repeat your change: GET /api/v1/templates/${name}`,
    details: { template: name },
  })
}

/** @throws AppError for what is built in, comes from a file, or is not there */
async function changeable(name: string, deps: TemplateDeps): Promise<LiveTemplate> {
  refuseBuiltIn(name)
  const found = await getTemplate(name, deps)
  if (found.origin !== 'file') return found
  throw new AppError('not_allowed_now', `template ${found.name} comes from a file in TEMPLATES_DIR`, {
    fix: 'change the file, then POST /api/v1/admin/reload; or make one of another name',
    details: { template: found.name },
  })
}

function refuseBuiltIn(name: string): void {
  const builtIn = builtInTemplate(name)
  if (builtIn === undefined) return
  throw new AppError(
    'not_allowed_now',
    `template ${builtIn.name} is built in: it cannot be replaced, changed or deleted`,
    {
      fix: 'make your own under another name: POST /api/v1/templates',
      details: { template: builtIn.name },
    },
  )
}

async function noSuchTemplate(name: string, deps: Pick<TemplateDeps, 'templates'>): Promise<AppError> {
  const names = (await listTemplates(deps)).map((one) => one.name)
  return new AppError('not_found', `there is no template ${name}`, {
    fix: `there are ${names.join(', ')}`,
    details: { template: name, templates: names },
  })
}

/** For the audit log. What may be a secret is told by name alone. */
function plain(template: Template | null) {
  if (template === null) return null
  const { maxPricePerHour, environment, onstartScript, ...rest } = template
  return {
    ...rest,
    environment: Object.keys(environment),
    has_onstart_script: onstartScript !== null,
    max_price_per_hour_usd: maxPricePerHour === null ? null : usdFromNanos(maxPricePerHour),
  }
}

function isSame(one: Template, other: Template): boolean {
  return inOrder(one) === inOrder(other)
}

/** The same text for the same content, in whatever order it was written. */
function inOrder(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === 'bigint') return item.toString()
    const isObject = typeof item === 'object' && item !== null && !Array.isArray(item)
    return isObject ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item
  })
}
