import { z } from 'zod'
import { usdFromNanos } from '../../../core/money.ts'
import {
  isLive,
  type LiveTemplate,
  launchOf,
  shownTemplate,
  type Template,
  type TemplateVersion,
} from '../../../core/templates/template.ts'
import { isoFrom, secondMs } from '../../../core/time.ts'

const shape = {
  name: z.string(),
  description: z.string(),
  image: z.string(),
  disk_gb: z.number(),
  ports: z.array(z.object({ container_port: z.int(), protocol: z.enum(['tcp', 'udp', 'http']) })),
  environment: z
    .record(z.string(), z.string())
    .describe('With what follows from vllm; the values of others are secrets.'),
  health: z.object({ path: z.string(), port: z.int(), timeout_s: z.number() }).nullable(),
  onstart_script: z.string().nullable().describe('A secret where it is not built in.'),
  gpu_models: z.array(z.string()).describe('What is rented when a launch does not say; empty: any.'),
  gpu_count: z.int(),
  min_vram_gb: z.number().nullable(),
  max_price_per_hour_usd: z.string().nullable(),
  vllm: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullable(),
}

const versioned = {
  version: z.int().describe('Grows by one with every change.'),
  origin: z.enum(['built_in', 'file', 'user']).describe('Only those of users can be changed here.'),
  changed_at: z.iso.datetime().nullable(),
  changed_by: z.string().nullable(),
}

export const TemplateView = z.object({ ...shape, ...versioned }).meta({ id: 'Template' })

export const TemplateVersionView = z
  .object({
    name: z.string(),
    ...versioned,
    template: z.object(shape).nullable().describe('null: with this version it was deleted.'),
  })
  .meta({ id: 'TemplateVersion' })

/** As a launch takes it: with the ports, the health check and the environment that follow from vLLM. */
export function templateView({ template, ...version }: LiveTemplate): z.infer<typeof TemplateView> {
  return { ...shown(shownTemplate({ ...version, template })), ...versionView(version) }
}

export function templateVersionView(version: TemplateVersion): z.infer<typeof TemplateVersionView> {
  const template = isLive(version) ? shown(shownTemplate(version)) : null
  return { name: version.name, ...versionView(version), template }
}

function versionView({ version, origin, createdAt, createdBy }: Omit<TemplateVersion, 'template'>) {
  return { version, origin, changed_at: createdAt === null ? null : isoFrom(createdAt), changed_by: createdBy }
}

function shown(template: Template) {
  const launch = launchOf(template)
  const { health, maxPricePerHour } = launch
  return {
    name: template.name,
    description: template.description,
    image: launch.image,
    disk_gb: launch.diskGb,
    ports: launch.ports.map(({ containerPort, protocol }) => ({ container_port: containerPort, protocol })),
    environment: { ...launch.environment },
    health: health && { path: health.path, port: health.port, timeout_s: health.timeoutMs / secondMs },
    onstart_script: launch.onstartScript,
    gpu_models: [...launch.gpuModels],
    gpu_count: launch.gpuCount,
    min_vram_gb: launch.minVramGb,
    max_price_per_hour_usd: maxPricePerHour === null ? null : usdFromNanos(maxPricePerHour),
    vllm: template.vllm && { ...template.vllm },
  }
}
