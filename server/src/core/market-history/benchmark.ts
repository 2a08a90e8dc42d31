import { performanceScore } from '../gpus/contract-models.ts'
import type { GpuModel } from '../gpus/gpu.ts'
import { dividedBy, type Nanos, nanos } from '../money.ts'
import type { Offer } from '../offers/offer.ts'
import { pricePerGpuHour } from './look.ts'

export const benchmarkRanks = ['price_per_score', 'price_per_tflops', 'price_per_vram_gb', 'price_per_hour'] as const
export type BenchmarkRank = (typeof benchmarkRanks)[number]

/** What a model costs at its cheapest, for what it does. Nano-dollars per hour; null: a figure is not known. */
export interface Benchmark {
  model: string
  known: GpuModel | undefined
  score: number | null
  /** GB of one GPU. */
  memoryGb: number
  /** The cheapest by GPU. */
  offer: Offer
  offers: number
  pricePerGpu: Nanos
  perScore: Nanos | null
  perTflops: Nanos | null
  perVramGb: Nanos | null
}

/** A line per model, the best value first; what cannot be worked out comes last. */
export function benchmarksFrom(
  offers: Iterable<Offer>,
  { modelNamed, rankBy }: { modelNamed: (name: string) => GpuModel | undefined; rankBy: BenchmarkRank },
): Benchmark[] {
  const byModel = new Map<string, { offer: Offer; price: Nanos; offers: number }>()
  for (const offer of offers) {
    if (!offer.available) continue
    const price = pricePerGpuHour(offer)
    const best = byModel.get(offer.gpu.model)
    const count = (best?.offers ?? 0) + 1
    byModel.set(
      offer.gpu.model,
      best === undefined || price < best.price ? { offer, price, offers: count } : { ...best, offers: count },
    )
  }
  return [...byModel]
    .map(([model, { offer, price, offers: count }]) => benchmarkOf(model, offer, price, count, modelNamed(model)))
    .sort(
      (one, other) => byFigure(figureOf(one, rankBy), figureOf(other, rankBy)) || (one.model < other.model ? -1 : 1),
    )
}

export function figureOf(benchmark: Benchmark, rankBy: BenchmarkRank): Nanos | null {
  switch (rankBy) {
    case 'price_per_score':
      return benchmark.perScore
    case 'price_per_tflops':
      return benchmark.perTflops
    case 'price_per_vram_gb':
      return benchmark.perVramGb
    case 'price_per_hour':
      return benchmark.pricePerGpu
  }
}

function benchmarkOf(
  model: string,
  offer: Offer,
  pricePerGpu: Nanos,
  offers: number,
  known: GpuModel | undefined,
): Benchmark {
  const score = known === undefined ? null : performanceScore(known)
  const memoryGb = known?.memoryGb ?? offer.gpu.memoryGb
  return {
    model,
    known,
    score,
    memoryGb,
    offer,
    offers,
    pricePerGpu,
    perScore: per(pricePerGpu, score),
    perTflops: per(pricePerGpu, known?.fp16Tflops ?? null),
    perVramGb: per(pricePerGpu, memoryGb),
  }
}

/** Figures have at most one decimal that matters. */
function per(price: Nanos, figure: number | null): Nanos | null {
  return figure === null || figure < 0.1 ? null : dividedBy(nanos(price * 10n), BigInt(Math.round(figure * 10)))
}

function byFigure(one: Nanos | null, other: Nanos | null): number {
  if (one === null || other === null) return Number(one === null) - Number(other === null)
  return one < other ? -1 : one > other ? 1 : 0
}
