import { z } from 'zod'
import { contractKey } from '../../../core/gpus/contract-models.ts'
import type { GpuCatalogue, GpuModel } from '../../../core/gpus/gpu.ts'
import { route } from '../../route.ts'
import { GpuInfoView, gpuInfoView } from '../offers/view.ts'

export const GpuModelView = GpuInfoView.extend({
  canonical_name: z.string(),
  family: z.string().describe('A wish for the family means all its variants.'),
  vendor: z.enum(['nvidia', 'amd']),
  memory_bandwidth_gbps: z.number().nullable(),
  fp32_tflops: z.number().nullable(),
  fp16_tflops: z.number().nullable().describe('Dense, tensor cores.'),
  source: z
    .enum(['built_in', 'file', 'api'])
    .describe('Whose figures: ours, those of GPU_MODELS_FILE, or what was set through the API.'),
}).meta({ id: 'GpuModel' })

export const gpuModelsRoute = route({
  operationId: 'listGpuModels',
  method: 'GET',
  path: '/api/v1/gpu-models',
  tag: 'market',
  access: 'viewer',
  summary: 'The GPU models we know, with their figures.',
  reply: {
    status: 200,
    message: 'GPU models retrieved successfully',
    data: z.record(z.string(), GpuModelView),
    more: {
      unknown_spellings: z
        .record(z.string(), z.int())
        .describe('Names met on the market that nobody here knows, with how often.'),
    },
  },
  errors: [],
  async handle(_input, { gpus }: { gpus: GpuCatalogue }) {
    return {
      data: Object.fromEntries(gpus.models().map((model) => [contractKey(model), gpuModelView(model)])),
      more: { unknown_spellings: Object.fromEntries(gpus.unknownSpellings()) },
    }
  },
})

export function gpuModelView(model: GpuModel): z.infer<typeof GpuModelView> {
  return {
    ...gpuInfoView(model),
    canonical_name: model.name,
    family: model.family,
    vendor: model.vendor,
    memory_bandwidth_gbps: model.memoryBandwidthGbps,
    fp32_tflops: model.fp32Tflops,
    fp16_tflops: model.fp16Tflops,
    source: model.source ?? 'built_in',
  }
}
