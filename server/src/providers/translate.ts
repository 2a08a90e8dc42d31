import { regionMeans } from '../core/regions/regions.ts'
import type { Provider } from './provider.ts'

/**
 * Their first spelling of a GPU that anybody names: `RTX4090` is `NVIDIA GeForce RTX 4090` at RunPod.
 *
 * @throws RangeError when nobody knows it, or they do not sell it
 */
export function translateGpuType(provider: Pick<Provider, 'gpuSpellings'>, standard: string): string {
  const [first] = provider.gpuSpellings(standard)
  if (first === undefined) throw new RangeError(`no GPU of theirs is ${standard}`)
  return first
}

/**
 * Their first name of a region that anybody names: `eu-central` is `eu-central-1` at Lambda. A wider word, such as
 * `asia-pacific`, means the first of its regions that they have.
 *
 * @throws RangeError when nobody knows it, or they have none there
 */
export function translateRegion(provider: Pick<Provider, 'name' | 'regionSpellings'>, standard: string): string {
  for (const region of regionMeans(standard)) {
    const [first] = spellingsIn(provider, region)
    if (first !== undefined) return first
  }
  throw new RangeError(`${provider.name} has no region that is ${standard}`)
}

function spellingsIn(provider: Pick<Provider, 'regionSpellings'>, region: string): string[] {
  try {
    return provider.regionSpellings(region)
  } catch (error) {
    if (error instanceof RangeError) return []
    throw error
  }
}
