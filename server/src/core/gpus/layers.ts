import type { Offer } from '../offers/offer.ts'
import type { OfferIndex } from '../offers/offer-index.ts'
import { contractKey } from './contract-models.ts'
import type { GpuCatalogue, GpuIdentity, GpuModel } from './gpu.ts'
import { gpuWords } from './gpu-words.ts'
import { gpuModels } from './models.ts'

/**
 * Whose word on a model counts: ours, above it the file's, above that what was said through the API. Each layer replaces a
 * model of the same name below it whole.
 */
export interface GpuLayers {
  /** The models of the file, as they are now. */
  useFile(models: readonly GpuModel[]): void
  /** The models of the API, as they are now. */
  useOwn(models: readonly GpuModel[]): void
  /** The model that somebody means by a name under which it may be changed; undefined: a new one. */
  named(name: string): GpuModel | undefined
  /** The same, as it would be without the API's word. */
  below(name: string): GpuModel | undefined
}

/** @param index what is on sale: its offers are called by their new names at once */
export function createGpuLayers(
  catalogue: Pick<GpuCatalogue, 'models' | 'recognise' | 'replaceAll'>,
  index: Pick<OfferIndex, 'rename'>,
  ours: readonly GpuModel[] = gpuModels,
): GpuLayers {
  let file: readonly GpuModel[] = []
  let own: readonly GpuModel[] = []

  function settle(): void {
    const before = new Set(catalogue.models().map((model) => model.name))
    catalogue.replaceAll(over(over(ours, file), own))
    const after = new Set(catalogue.models().map((model) => model.name))
    index.rename((offer) => (needsAnotherName(offer, before, after) ? identityOf(offer) : offer.gpu))
  }

  function identityOf({ gpu, provider }: Offer): GpuIdentity {
    return catalogue.recognise(gpu.spelling, { provider, memoryGb: gpu.memoryGb })
  }

  return {
    useFile(models) {
      file = models.map((model) => ({ ...model, source: 'file' }))
      settle()
    },
    useOwn(models) {
      own = models.map((model) => ({ ...model, source: 'api' }))
      settle()
    },
    named: (name) => withName(name, catalogue.models()),
    below: (name) => withName(name, over(ours, file)),
  }
}

/** What nobody knew may be known now, and what was known by a name that is gone has to be called something else. */
function needsAnotherName({ gpu }: Offer, before: ReadonlySet<string>, after: ReadonlySet<string>): boolean {
  return !gpu.known || (before.has(gpu.model) && !after.has(gpu.model))
}

function over(below: readonly GpuModel[], above: readonly GpuModel[]): GpuModel[] {
  const names = new Map(above.map((model) => [model.name.toLowerCase(), model]))
  const replaced = below.map((model) => names.get(model.name.toLowerCase()) ?? model)
  const there = new Set(below.map((model) => model.name.toLowerCase()))
  return [...replaced, ...above.filter((model) => !there.has(model.name.toLowerCase()))]
}

/** By its name, by the key under which it is listed, or by the name in another spelling: `rtx_4090`. */
function withName(name: string, models: readonly GpuModel[]): GpuModel | undefined {
  const wanted = gpuWords(name).plain
  const same = (other: string) => gpuWords(other).plain === wanted
  return models.find((model) => contractKey(model) === name) ?? models.find((model) => same(model.name))
}
