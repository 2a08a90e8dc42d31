import type { ProviderName } from '../providers.ts'

export type GpuCategory = 'consumer' | 'professional' | 'datacenter'

/** One model as the catalogue knows it. Figures that nobody confirms are null, never zero. */
export interface GpuModel {
  /** Canonical name: model, plus memory and form factor where a name is sold in several versions. */
  name: string
  /** The name that matches all variants of the model: `A100` for `A100 SXM 80GB`. Equal to `name` where there is one. */
  family: string
  vendor: 'nvidia' | 'amd'
  category: GpuCategory
  architecture: string
  /** CUDA compute capability such as 8.9; null for AMD. */
  computeCapability: number | null
  /** Per GPU, marketing size in GB. */
  memoryGb: number
  memoryBandwidthGbps: number | null
  fp32Tflops: number | null
  /** Dense fp16 tensor TFLOPS; ranking by performance uses it. */
  fp16Tflops: number | null
  /** Their spellings of this model. One spelling can stand for several models that differ in memory. */
  spellings: Partial<Record<ProviderName, readonly string[]>>
  /** 0 to 150, where somebody said so; otherwise it is worked out. */
  performanceScore?: number
  /** Somebody here wrote its figures, in a file or through the API. Not set: they are ours. */
  source?: 'file' | 'api'
}

/** What we make of a marketplace's spelling. */
export interface GpuIdentity {
  /** Canonical name, or the spelling itself when the catalogue does not know it. */
  model: string
  known: boolean
}

/** Recognises a marketplace's spelling; memory (GB per GPU, as reported) tells apart models that share one. */
export type RecogniseGpu = (spelling: string, hints: { provider: ProviderName; memoryGb?: number }) => GpuIdentity

/** The models we know, and the words for them. Can change while the server runs. */
export interface GpuCatalogue {
  models(): readonly GpuModel[]
  /** By any spelling a person or a marketplace would use: `RTX4090`, `RTX_4090`, `NVIDIA GeForce RTX 4090`, `RTX 4090 24GB`. */
  find(name: string): GpuModel | undefined
  /** All models that a wish means: a family name means its variants; `RTX 4070` never means `RTX 4070 Ti`. Empty: unknown. */
  meantBy(name: string): readonly GpuModel[]
  /** The closest names we know, best first, for "did you mean". */
  near(name: string): readonly string[]
  recognise: RecogniseGpu
  /** Their spellings of one of our models, best first; empty when they do not sell it. */
  spellingsOf(model: string, provider: ProviderName): readonly string[]
  /** Spellings met that nobody knows, with how often. */
  unknownSpellings(): ReadonlyMap<string, number>
  /** Adds a model or replaces the one of the same name. */
  put(model: GpuModel): void
  /** From now on, these are all there are. */
  replaceAll(models: readonly GpuModel[]): void
}
