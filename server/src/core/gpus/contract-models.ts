import type { GpuCategory, GpuModel } from './gpu.ts'

/**
 * Contract 003's short catalogue, to the letter.
 *
 * @source contracts/003-details.md §6. The contract names the Quadro RTX 8000 without figures; its score is worked out.
 */
export interface ContractModel {
  /** The contract's name, which is also the key in its answer. */
  key: string
  /** Our model that its figures describe; it is listed under the short key. */
  model: string
  /** The contract's score and category hold for all of this family. */
  family: string
  memoryGb: number
  /** As the contract writes it: AMD cards have 0. */
  computeCapability: number
  architecture: string
  category: GpuCategory
  /** 0..150; null: not given. */
  performanceScore: number | null
}

type Row = readonly [string, string, string, number, number, string, GpuCategory, number | null]

const rows: readonly Row[] = [
  ['RTX 4090', 'RTX 4090', 'RTX 4090', 24, 8.9, 'Ada Lovelace', 'consumer', 100],
  ['RTX 4080', 'RTX 4080', 'RTX 4080', 16, 8.9, 'Ada Lovelace', 'consumer', 85],
  ['RTX 4070', 'RTX 4070', 'RTX 4070', 12, 8.9, 'Ada Lovelace', 'consumer', 70],
  ['RTX 3090', 'RTX 3090', 'RTX 3090', 24, 8.6, 'Ampere', 'consumer', 90],
  ['RTX 3080', 'RTX 3080 10GB', 'RTX 3080', 10, 8.6, 'Ampere', 'consumer', 80],
  ['RTX 3070', 'RTX 3070', 'RTX 3070', 8, 8.6, 'Ampere', 'consumer', 65],
  ['A100', 'A100 SXM 80GB', 'A100', 80, 8.0, 'Ampere', 'datacenter', 120],
  ['H100', 'H100 SXM 80GB', 'H100', 80, 9.0, 'Hopper', 'datacenter', 150],
  ['V100', 'V100 SXM2 32GB', 'V100', 32, 7.0, 'Volta', 'datacenter', 95],
  ['A40', 'A40', 'A40', 48, 8.6, 'Ampere', 'professional', 85],
  ['A6000', 'RTX A6000', 'RTX A6000', 48, 8.6, 'Ampere', 'professional', 90],
  ['GTX 1080 Ti', 'GTX 1080 Ti', 'GTX 1080 Ti', 11, 6.1, 'Pascal', 'consumer', 45],
  ['RTX 2080 Ti', 'RTX 2080 Ti', 'RTX 2080 Ti', 11, 7.5, 'Turing', 'consumer', 60],
  ['RX 7900 XTX', 'RX 7900 XTX', 'RX 7900 XTX', 24, 0, 'RDNA3', 'consumer', 85],
  ['RX 6900 XT', 'RX 6900 XT', 'RX 6900 XT', 16, 0, 'RDNA2', 'consumer', 75],
  ['Quadro RTX 8000', 'Quadro RTX 8000', 'Quadro RTX 8000', 48, 7.5, 'Turing', 'professional', null],
]

export const contractModels: readonly ContractModel[] = rows.map(
  ([key, model, family, memoryGb, computeCapability, architecture, category, performanceScore]) => ({
    key,
    model,
    family,
    memoryGb,
    computeCapability,
    architecture,
    category,
    performanceScore,
  }),
)

const byModel = new Map(contractModels.map((entry) => [entry.model, entry]))
const byFamily = new Map(contractModels.map((entry) => [entry.family, entry]))

/** The key under which gpu-models lists a model: the contract's short one, else the canonical name. One model per key. */
export function contractKey(model: Pick<GpuModel, 'name'>): string {
  return byModel.get(model.name)?.key ?? model.name
}

/** The contract's figures for exactly this model; undefined for models it does not describe, and where somebody gave others. */
export function contractModel(model: Pick<GpuModel, 'name' | 'source'>): ContractModel | undefined {
  return model.source === undefined ? byModel.get(model.name) : undefined
}

/** The highest score that the contract allows. */
export const bestScore = 150

/**
 * How fast a model is, 0 to 150, as a whole number; null where no figure is known.
 *
 * The contract's score where it names the model or its family. Others: the cube root of dense fp16 TFLOPS on the scale
 * on which the H100 (989 TFLOPS) has its 150, and never more than that. The cube root is a guess at the contract's
 * scale: between 81 and 989 TFLOPS its own scores grow with the power 0.33.
 */
export function performanceScore(model: GpuModel): number | null {
  if (model.performanceScore !== undefined) return model.performanceScore
  const named = byFamily.get(model.family)?.performanceScore
  if (named !== undefined && named !== null) return named
  const tflops = model.fp16Tflops ?? likelyFp16Tflops(model)
  return tflops === null ? null : Math.min(bestScore, Math.round(bestScore * Math.cbrt(tflops / 989)))
}

/**
 * Dense fp16 over fp32 for cards whose fp16 figure nobody confirms. The catalogue's own rows show these factors, by
 * architecture; without matrix cores fp16 runs as fast as fp32, or twice as fast where two are packed.
 */
function likelyFp16Tflops({ fp32Tflops, architecture, computeCapability }: GpuModel): number | null {
  if (fp32Tflops === null) return null
  if (computeCapability === 8) return fp32Tflops * 16
  if (architecture === 'Volta') return fp32Tflops * 8
  if (architecture === 'Blackwell') return fp32Tflops * 4
  if (computeCapability === 6 || architecture === 'RDNA2' || architecture === 'GCN5') return fp32Tflops * 2
  return fp32Tflops
}
