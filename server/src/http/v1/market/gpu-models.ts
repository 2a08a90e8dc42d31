import { z } from 'zod'
import { contractKey } from '../../../core/gpus/contract-models.ts'
import type { GpuCatalogue } from '../../../core/gpus/gpu.ts'
import { route } from '../../route.ts'
import { GpuInfoView, gpuInfoView } from '../offers/view.ts'

const GpuModelView = GpuInfoView.extend({
  canonical_name: z.string(),
  family: z.string().describe('A wish for the family means all its variants.'),
  vendor: z.enum(['nvidia', 'amd']),
  memory_bandwidth_gbps: z.number().nullable(),
  fp32_tflops: z.number().nullable(),
  fp16_tflops: z.number().nullable().describe('Dense, tensor cores.'),
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
      data: Object.fromEntries(
        gpus.models().map((model) => [
          contractKey(model),
          {
            ...gpuInfoView(model),
            canonical_name: model.name,
            family: model.family,
            vendor: model.vendor,
            memory_bandwidth_gbps: model.memoryBandwidthGbps,
            fp32_tflops: model.fp32Tflops,
            fp16_tflops: model.fp16Tflops,
          },
        ]),
      ),
      more: { unknown_spellings: Object.fromEntries(gpus.unknownSpellings()) },
    }
  },
})
