import type { GpuCatalogue, GpuModel } from '../core/gpus/gpu.ts'
import type { MarketKeeper } from '../core/offers/market-view.ts'
import type { OfferIndex } from '../core/offers/offer-index.ts'
import type { ProviderName } from '../core/providers.ts'
import { type Clock, type Instant, minuteMs, secondMs } from '../core/time.ts'
import { AppError } from './errors.ts'

/** What the verbs about the market work with. */
export interface MarketDeps {
  index: Pick<OfferIndex, 'all' | 'get' | 'search' | 'searchAndCount'>
  market: MarketKeeper
  gpus: GpuCatalogue
  penalties: ReadonlyMap<string, Instant>
  isEnabled: (provider: ProviderName) => boolean
  clock: Clock
}

/** What a search waits for: offers of the last minutes, or an answer after a few seconds with what there is. */
export const searchPatience = { maxAgeMs: 2 * minuteMs, waitMs: 6 * secondMs }

/** Looks names up once each: a search asks for the same few by the thousand. */
export function modelLookup(gpus: Pick<GpuCatalogue, 'find'>): GpuCatalogue['find'] {
  const found = new Map<string, GpuModel | undefined>()
  return (name) => {
    if (!found.has(name)) found.set(name, gpus.find(name))
    return found.get(name)
  }
}

/**
 * The models that names mean; a family name means its variants.
 *
 * @throws AppError `unknown_gpu` with near names
 */
export function modelsNamed(names: readonly string[], gpus: Pick<GpuCatalogue, 'meantBy' | 'near'>): GpuModel[] {
  const models = new Map<string, GpuModel>()
  const unknown: { name: string; near: readonly string[] }[] = []
  for (const name of names) {
    const meant = gpus.meantBy(name)
    if (meant.length === 0) unknown.push({ name, near: gpus.near(name) })
    for (const model of meant) models.set(model.name, model)
  }
  if (unknown.length > 0) {
    const said = unknown.map(({ name, near }) =>
      near.length === 0 ? name : `${name} (did you mean ${near.slice(0, 3).join(', ')}?)`,
    )
    throw new AppError('unknown_gpu', `no GPU is known as ${said.join('; ')}`, {
      fix: 'GET /api/v1/gpu-models lists the names; families such as A100 mean all their variants',
      details: { unknown: unknown.map(({ name, near }) => ({ name, near: near.slice(0, 5) })) },
    })
  }
  return [...models.values()]
}
