import { expect, test } from 'vitest'
import { createGpuCatalogue } from '../gpus/catalogue.ts'
import { nanosFromUsd } from '../money.ts'
import { anOffer } from '../offers/an-offer.ts'
import { type BenchmarkRank, benchmarksFrom } from './benchmark.ts'

const catalogue = createGpuCatalogue()
const modelNamed = (name: string) => catalogue.find(name)
const card = (model: string, memoryGb: number, count = 1) => ({ model, spelling: model, memoryGb, count, known: true })
const offers = [
  anOffer({ externalId: '1', gpu: card('RTX 4090', 24), pricePerHour: nanosFromUsd('0.5') }),
  anOffer({ externalId: '2', gpu: card('RTX 4090', 24, 4), pricePerHour: nanosFromUsd('1.6') }),
  anOffer({ externalId: '3', gpu: card('RTX 4090', 24), available: false, pricePerHour: nanosFromUsd('0.1') }),
  anOffer({ externalId: '4', gpu: card('H100 SXM 80GB', 80), pricePerHour: nanosFromUsd('1.1') }),
  anOffer({ externalId: '5', gpu: { ...card('Mystery 9000', 96), known: false }, pricePerHour: nanosFromUsd('0.96') }),
]
const ranked = (rankBy: BenchmarkRank) => benchmarksFrom(offers, { modelNamed, rankBy })

test('takes the cheapest per GPU of what can be rented', () => {
  const [first] = ranked('price_per_score')
  expect(first).toMatchObject({
    model: 'RTX 4090',
    offer: { externalId: '2' },
    offers: 2,
    pricePerGpu: nanosFromUsd('0.4'),
    perScore: nanosFromUsd('0.004'),
  })
  expect(first?.perVramGb).toBe(nanosFromUsd('0.016666667'))
})

test.each<[BenchmarkRank, string[]]>([
  ['price_per_score', ['RTX 4090', 'H100 SXM 80GB', 'Mystery 9000']],
  ['price_per_tflops', ['H100 SXM 80GB', 'RTX 4090', 'Mystery 9000']],
  ['price_per_vram_gb', ['Mystery 9000', 'H100 SXM 80GB', 'RTX 4090']],
  ['price_per_hour', ['RTX 4090', 'Mystery 9000', 'H100 SXM 80GB']],
])('by %s the best value is first, and what is not known last', (rankBy, models) => {
  expect(ranked(rankBy).map((one) => one.model)).toEqual(models)
})

test('figures that nobody knows are null', () => {
  expect(ranked('price_per_hour').find((one) => one.model === 'Mystery 9000')).toMatchObject({
    score: null,
    perScore: null,
    perTflops: null,
    perVramGb: nanosFromUsd('0.01'),
  })
})
