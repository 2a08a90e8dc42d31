import { z } from 'zod'
import { type GpuModelDeps, putGpuModel, removeGpuModel } from '../../../app/gpu-models.ts'
import { type ProviderName, providerNamed } from '../../../core/providers.ts'
import { invalidRequest } from '../../problem.ts'
import { route } from '../../route.ts'
import { Category, unknownProvider } from '../inputs.ts'
import { GpuModelView, gpuModelView } from './gpu-models.ts'

const line = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^\P{Cc}+$/u, 'is one line without control characters')

const ModelParams = z.strictObject({
  name: line(80).describe('A name from GET /api/v1/gpu-models in any spelling, or a new one.'),
})

const Figure = (most: number) => z.number().positive().max(most).nullable()

const GpuModelChange = z
  .strictObject({
    family: line(80).optional().describe('A wish for the family means all its variants. Default: the name.'),
    vendor: z.enum(['nvidia', 'amd']).optional(),
    category: Category.optional(),
    architecture: line(60).optional(),
    compute_capability: Figure(99).optional().describe('Such as 8.9; null for AMD.'),
    memory_gb: z.number().positive().max(10_000).optional().describe('Per GPU. Needed for a new model.'),
    memory_bandwidth_gbps: Figure(1_000_000).optional(),
    fp32_tflops: Figure(1_000_000).optional(),
    fp16_tflops: Figure(1_000_000).optional().describe('Dense, tensor cores.'),
    performance_score: z
      .number()
      .min(0)
      .max(150)
      .optional()
      .describe('Default: the contract’s for its family, else worked out from its TFLOPS.'),
    spellings: z
      .record(z.string().max(40), z.array(line(200)).max(50))
      .optional()
      .describe('By provider, what its offers call this model.'),
  })
  .meta({ id: 'GpuModelChange' })

export const setGpuModelRoute = route({
  operationId: 'setGpuModel',
  method: 'PUT',
  path: '/api/v1/gpu-models/:name',
  tag: 'market',
  access: 'admin',
  summary: 'Change a GPU model, or add one, while the server runs.',
  description:
    'Counts at once and after restarts, above GPU_MODELS_FILE and the built-in catalogue. What is left out is as those have it; what an earlier call said is replaced whole.',
  params: ModelParams,
  body: GpuModelChange,
  reply: { status: 200, message: 'GPU model set', data: GpuModelView },
  errors: [],
  async handle({ params, body, who }, deps: GpuModelDeps) {
    const { model, isNew } = await putGpuModel(params.name, inputFrom(body), who, deps)
    return { message: isNew ? 'GPU model added' : 'GPU model changed', data: gpuModelView(model) }
  },
})

export const removeGpuModelRoute = route({
  operationId: 'removeGpuModel',
  method: 'DELETE',
  path: '/api/v1/gpu-models/:name',
  tag: 'market',
  access: 'admin',
  summary: 'Take back what was said of a GPU model through the API.',
  params: ModelParams,
  body: z.strictObject({}).nullish(),
  bodyOptional: true,
  reply: {
    status: 200,
    message: 'GPU model is as it was',
    data: GpuModelView.nullable().describe('As it is now; null: it was added here, and is gone.'),
  },
  errors: ['not_found'],
  async handle({ params, who }, deps: GpuModelDeps) {
    const model = await removeGpuModel(params.name, who, deps)
    return model === null ? { message: 'GPU model removed', data: null } : { data: gpuModelView(model) }
  },
})

function inputFrom(body: z.infer<typeof GpuModelChange>) {
  const { family, vendor, category, architecture, memory_gb, performance_score, spellings, ...figures } = body
  return {
    ...(family !== undefined && { family }),
    ...(vendor !== undefined && { vendor }),
    ...(category !== undefined && { category }),
    ...(architecture !== undefined && { architecture }),
    ...(memory_gb !== undefined && { memoryGb: memory_gb }),
    ...(performance_score !== undefined && { performanceScore: performance_score }),
    ...(spellings !== undefined && { spellings: spellingsFrom(spellings) }),
    ...(figures.compute_capability !== undefined && { computeCapability: figures.compute_capability }),
    ...(figures.memory_bandwidth_gbps !== undefined && { memoryBandwidthGbps: figures.memory_bandwidth_gbps }),
    ...(figures.fp32_tflops !== undefined && { fp32Tflops: figures.fp32_tflops }),
    ...(figures.fp16_tflops !== undefined && { fp16Tflops: figures.fp16_tflops }),
  }
}

function spellingsFrom(said: Readonly<Record<string, readonly string[]>>) {
  const spellings: Partial<Record<ProviderName, readonly string[]>> = {}
  const unknown: string[] = []
  for (const [text, words] of Object.entries(said)) {
    const name = providerNamed(text)
    if (name === undefined) unknown.push(text)
    else spellings[name] = words
  }
  if (unknown.length > 0) throw invalidRequest(unknown.map((text) => unknownProvider('spellings', text)))
  return spellings
}
