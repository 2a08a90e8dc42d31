import { z } from 'zod'
import type { Template } from '../../../core/templates/template.ts'
import { validateVllm, vllmDiskGb, vllmFields, vllmFrom } from '../../../core/templates/vllm.ts'
import { secondMs } from '../../../core/time.ts'
import { nanosFrom, PortNumber, Usd } from '../inputs.ts'

const text = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[^\0]*$/, 'holds no NUL character')

const Vllm = z
  .partialRecord(
    z.enum([...Object.keys(vllmFields), 'vllm_serve_model_name']),
    z.union([z.string().max(300), z.number(), z.boolean()]),
  )
  .superRefine((vllm, context) => {
    for (const { field, problem } of validateVllm(vllm)) {
      context.addIssue({ code: 'custom', path: [field], message: problem })
    }
  })
  .describe('The configuration of a vLLM server; it publishes vllm_port and is told the rest as VLLM_… variables.')

const fields = {
  description: text(500).optional(),
  image: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe('Default vllm/vllm-openai:latest with vllm, else pytorch/pytorch:latest.'),
  disk_gb: z.number().min(1).max(64_000).optional().describe(`Default ${vllmDiskGb} with vllm, else 50.`),
  ports: z
    .array(z.strictObject({ container_port: PortNumber, protocol: z.enum(['tcp', 'udp', 'http']).optional() }))
    .max(20)
    .optional(),
  health: z
    .strictObject({
      path: z
        .string()
        .regex(/^\/(?![/\\])[^\s\\]*$/, 'begins with one / and holds no backslash')
        .max(500)
        .optional()
        .describe('Default /.'),
      port: PortNumber.describe('It has to be among `ports`, or vllm_port.'),
      timeout_s: z.int().min(5).max(7_200).optional().describe('Default 600.'),
    })
    .nullable()
    .optional(),
  environment: z.record(z.string().max(127), text(8_000)).optional().describe('Secrets, shown nowhere.'),
  onstart_script: text(16_000).nullable().optional(),
  gpu_models: z
    .array(z.string().min(1).max(80))
    .max(50)
    .optional()
    .describe('What to rent when a launch does not say.'),
  min_vram_gb: z.number().min(1).max(10_000).nullable().optional().describe('Per GPU.'),
  max_price_per_hour_usd: Usd.nullable().optional().describe('For everything: GPUs and disk.'),
  vllm: Vllm.nullable().optional(),
}

export const NewTemplate = z
  .strictObject({
    name: z.string().min(1).max(60).describe('Lower-case letters, digits, dots, dashes and _.'),
    ...fields,
  })
  .meta({ id: 'NewTemplate' })

export const TemplateChange = z.strictObject(fields).meta({ id: 'TemplateChange' })

/** Ours for theirs, to name what is wrong. */
export const templateFieldNames: Readonly<Record<string, string>> = {
  diskGb: 'disk_gb',
  onstartScript: 'onstart_script',
  gpuModels: 'gpu_models',
  minVramGb: 'min_vram_gb',
  maxPricePerHour: 'max_price_per_hour_usd',
}

export function templateFrom({ name, ...body }: z.infer<typeof NewTemplate>): Template {
  return {
    name,
    description: '',
    image: body.vllm == null ? 'pytorch/pytorch:latest' : 'vllm/vllm-openai:latest',
    diskGb: body.vllm == null ? 50 : vllmDiskGb,
    ports: [],
    health: null,
    environment: {},
    onstartScript: null,
    gpuModels: [],
    minVramGb: null,
    maxPricePerHour: null,
    vllm: null,
    ...templateChangeFrom(body),
  }
}

/** Only what is named. */
export function templateChangeFrom(body: z.infer<typeof TemplateChange>): Partial<Omit<Template, 'name'>> {
  const { health, max_price_per_hour_usd: price, vllm } = body
  return {
    ...(body.description !== undefined && { description: body.description }),
    ...(body.image !== undefined && { image: body.image }),
    ...(body.disk_gb !== undefined && { diskGb: body.disk_gb }),
    ...(body.ports !== undefined && {
      ports: body.ports.map((port) => ({ containerPort: port.container_port, protocol: port.protocol ?? 'tcp' })),
    }),
    ...(health !== undefined && {
      health: health && {
        path: health.path ?? '/',
        port: health.port,
        timeoutMs: (health.timeout_s ?? 600) * secondMs,
      },
    }),
    ...(body.environment !== undefined && { environment: body.environment }),
    ...(body.onstart_script !== undefined && { onstartScript: body.onstart_script }),
    ...(body.gpu_models !== undefined && { gpuModels: body.gpu_models }),
    ...(body.min_vram_gb !== undefined && { minVramGb: body.min_vram_gb }),
    ...(price !== undefined && { maxPricePerHour: price === null ? null : nanosFrom(price) }),
    ...(vllm !== undefined && { vllm: vllm && vllmFrom(vllm) }),
  }
}
