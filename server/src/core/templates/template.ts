import type { Wish } from '../instances/instance.ts'
import type { Nanos } from '../money.ts'
import { type Instant, minuteMs } from '../time.ts'
import { type VllmConfig, vllmEnvironment, vllmPort, vllmStartScript } from './vllm.ts'

/**
 * A launch that many people want, by name: what is not said in the request comes from here. Tokens may live in the
 * environment and in the start script of users' own: encrypted at rest, shown to nobody.
 */
export interface Template extends Pick<Wish, 'image' | 'ports' | 'health' | 'diskGb'> {
  name: string
  description: string
  environment: Readonly<Record<string, string>>
  onstartScript: string | null
  /** What to rent, in anybody's words; empty: any. */
  gpuModels: readonly string[]
  /** Per GPU. */
  minVramGb: number | null
  /** For the comparable price. */
  maxPricePerHour: Nanos | null
  /** Set when it runs a vLLM server; see `launchOf`. */
  vllm: VllmConfig | null
}

export type TemplateOrigin = 'built_in' | 'file' | 'user'

/** What a template was at one time. Every change makes a new version; the old ones stay. */
export interface TemplateVersion {
  name: string
  /** From 1. */
  version: number
  /** null: with this version it was deleted. */
  template: Template | null
  origin: TemplateOrigin
  /** null for what is built in. */
  createdAt: Instant | null
  createdBy: string | null
}

/** A version that can be launched. */
export type LiveTemplate = TemplateVersion & { template: Template }

/** What an instance remembers of the template it was launched with. */
export type TemplateUse = NonNullable<Wish['template']>

export function isLive(version: TemplateVersion | undefined): version is LiveTemplate {
  return version !== undefined && version.template !== null
}

const masked = '[secret]'

/** As it may be shown. What is built in holds no secrets. */
export function shownTemplate({ template, origin }: Pick<LiveTemplate, 'template' | 'origin'>): Template {
  if (origin === 'built_in') return template
  return {
    ...template,
    environment: Object.fromEntries(Object.keys(template.environment).map((name) => [name, masked])),
    onstartScript: template.onstartScript === null ? null : masked,
  }
}

export type TemplateLaunch = Omit<Template, 'name' | 'description' | 'vllm'> & { gpuCount: number }

/** What a template says about a launch, with what follows from its vLLM configuration. */
export function launchOf({ name: _name, description: _description, vllm, ...template }: Template): TemplateLaunch {
  if (vllm === null) return { ...template, gpuCount: 1 }
  const port = vllmPort(vllm)
  const others = template.ports.filter(({ containerPort }) => containerPort !== port)
  return {
    ...template,
    ports: [{ containerPort: port, protocol: 'tcp' }, ...others],
    // Loading a large model takes its time.
    health: template.health ?? { path: '/health', port, timeoutMs: 30 * minuteMs },
    environment: { ...vllmEnvironment(vllm), ...template.environment },
    onstartScript: template.onstartScript ?? vllmStartScript,
    // Its parts run side by side, each on a GPU of its own: with fewer it would fail after the download.
    gpuCount: Number(vllm.vllm_tensor_parallel_size ?? 1) * Number(vllm.vllm_pipeline_parallel_size ?? 1),
  }
}

/** The same template with some of its vLLM configuration replaced, for one launch. */
export function withVllm(template: Template, config: VllmConfig): Template {
  return { ...template, vllm: { ...template.vllm, ...config } }
}
