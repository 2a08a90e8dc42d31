import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { GpuModel } from '../core/gpus/gpu.ts'
import { providerNames } from '../core/providers.ts'
import { ConfigError } from './config.ts'

const Figure = z.number().positive().nullable().default(null)

const FileModel = z.strictObject({
  name: z.string().min(1).max(80),
  family: z.string().min(1).max(80).optional(),
  vendor: z.enum(['nvidia', 'amd']).default('nvidia'),
  category: z.enum(['consumer', 'professional', 'datacenter']).default('datacenter'),
  architecture: z.string().max(60).default('unknown'),
  compute_capability: Figure,
  memory_gb: z.number().positive(),
  memory_bandwidth_gbps: Figure,
  fp32_tflops: Figure,
  fp16_tflops: Figure,
  performance_score: z.number().min(0).max(150).optional(),
  spellings: z.partialRecord(z.enum(providerNames), z.array(z.string().min(1).max(200)).max(50)).default({}),
})

/**
 * GPU models that somebody wrote down for this installation.
 *
 * @throws ConfigError that names the file and each mistake in it
 */
export function gpuModelsFrom(file: string): GpuModel[] {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new ConfigError([`GPU_MODELS_FILE ${file} cannot be read: ${(error as Error).message}`])
  }
  const parsed = z.array(FileModel).max(1_000).safeParse(json)
  if (!parsed.success) {
    const mistakes = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the list'}: ${message}`)
    throw new ConfigError(mistakes.map((mistake) => `GPU_MODELS_FILE ${file}: ${mistake}`))
  }
  return parsed.data.map((model) => ({
    name: model.name,
    family: model.family ?? model.name,
    vendor: model.vendor,
    category: model.category,
    architecture: model.architecture,
    computeCapability: model.compute_capability,
    memoryGb: model.memory_gb,
    memoryBandwidthGbps: model.memory_bandwidth_gbps,
    fp32Tflops: model.fp32_tflops,
    fp16Tflops: model.fp16_tflops,
    spellings: model.spellings,
    ...(model.performance_score !== undefined && { performanceScore: model.performance_score }),
  }))
}
