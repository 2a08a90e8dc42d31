import type { Provider } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { dataCentersIn, regionFromRunpod } from './regions.ts'

/** Both APIs speak of the same types and data centres. */
export function wordsOf({
  gpus,
}: Pick<ProviderDeps, 'gpus'>): Pick<Provider, 'gpuSpellings' | 'regionSpellings' | 'regionFrom'> {
  return {
    gpuSpellings(model) {
      const spellings = [...gpus.spellingsOf(model, 'runpod')]
      if (spellings.length === 0) throw new RangeError(`RunPod does not sell ${model}`)
      return spellings
    },

    regionSpellings(region) {
      const ids = dataCentersIn(region)
      if (ids.length === 0) throw new RangeError(`RunPod has no data centre in ${region}`)
      return ids
    },

    regionFrom(spelling) {
      const region = regionFromRunpod(spelling)
      if (region === undefined) throw new RangeError(`no region of ours for the RunPod data centre ${spelling}`)
      return region
    },
  }
}
