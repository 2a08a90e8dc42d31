import { configFrom, templateFromConfig } from '../../../core/templates/contract-config.ts'
import { launchOf, type Template, type TemplateLaunch } from '../../../core/templates/template.ts'
import { isVllmField, type VllmConfig, validateVllm, vllmFrom } from '../../../core/templates/vllm.ts'
import { invalidRequest, type Mistake } from '../../problem.ts'

type Config = Readonly<Record<string, unknown>>

export interface CustomLaunch {
  launch: TemplateLaunch
  vllm: VllmConfig | null
  autoDestroy: boolean
}

/** What of a template may be otherwise for one instance. `vllm_…` fields come on top; anything else is left alone. */
const templateFields = [
  'image',
  'disk_size',
  'min_gpu_ram',
  'max_price',
  'gpu_names',
  'ports',
  'health',
  'onstart_script',
]

/**
 * A template with what one request wants otherwise. The template itself stays as it is.
 *
 * @throws HttpError that names every mistake
 */
export function customLaunch(
  base: Template,
  { vllmConfig, customConfig, isChosen }: { vllmConfig: Config; customConfig: Config; isChosen: boolean },
): CustomLaunch {
  const mistakes: Mistake[] = [
    ...vllmMistakes('vllm_config', vllmConfig),
    ...vllmMistakes('custom_config', customConfig),
    ...ownMistakes(customConfig),
  ]
  const stated = Object.fromEntries(
    Object.entries(customConfig).filter(([name, value]) => templateFields.includes(name) && value !== null),
  )
  const { template, mistakes: further } = templateFromConfig(base.name, {
    ...configFrom(base),
    ...stated,
    ...vllmFrom(vllmConfig),
    ...vllmFrom(customConfig),
  })
  const named = new Set(mistakes.map(({ field }) => field.split('.').at(-1)))
  mistakes.push(
    ...further
      .filter(({ field }) => !named.has(field))
      .map(({ field, problem }) => ({ field: `custom_config.${field}`, problem })),
  )
  if (mistakes.length > 0) throw invalidRequest(mistakes)
  if (!isChosen && template.gpuModels.length === 0 && template.minVramGb === null) {
    throw invalidRequest([
      {
        field: 'template_name',
        problem: 'say what to rent: offer_id, a template that names GPUs, or min_gpu_ram in custom_config',
      },
    ])
  }
  // A config has fewer words for them than a template.
  const launch = launchOf('ports' in stated ? template : { ...template, ports: base.ports })
  const { num_gpus: gpus, environment = {}, auto_destroy: autoDestroy = false } = customConfig
  return {
    launch: {
      ...launch,
      gpuCount: typeof gpus === 'number' ? gpus : launch.gpuCount,
      // Of one instance it may hold secrets; those of a template would be for all to read.
      environment: { ...launch.environment, ...(environment as Record<string, string>) },
    },
    vllm: template.vllm,
    autoDestroy: autoDestroy === true,
  }
}

/** A word that vLLM does not know is a slip of the pen, and would be missed only on the machine. */
function vllmMistakes(where: string, config: Config): Mistake[] {
  const unknown = Object.keys(config).filter((name) => name.startsWith('vllm_') && !isVllmField(name))
  return [
    ...unknown.map((field) => ({ field: `${where}.${field}`, problem: 'is not known here' })),
    ...validateVllm(config).map(({ field, problem }) => ({ field: `${where}.${field}`, problem })),
  ]
}

function ownMistakes({ auto_destroy: autoDestroy, num_gpus: gpus, environment }: Config): Mistake[] {
  const mistakes: Mistake[] = []
  const add = (field: string, problem: string) => mistakes.push({ field: `custom_config.${field}`, problem })
  if (autoDestroy != null && typeof autoDestroy !== 'boolean') add('auto_destroy', 'takes true or false')
  if (gpus != null && !(Number.isInteger(gpus) && Number(gpus) >= 1 && Number(gpus) <= 64)) {
    add('num_gpus', 'takes a whole number from 1 to 64')
  }
  if (environment != null && !isEnvironment(environment)) {
    add('environment', 'takes an object of texts, whose names are of letters, digits and _')
  }
  return mistakes
}

function isEnvironment(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.entries(value).every(
    ([name, text]) => /^[A-Za-z_][A-Za-z0-9_]{0,126}$/.test(name) && typeof text === 'string' && text.length <= 8_000,
  )
}
