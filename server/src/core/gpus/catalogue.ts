import type { ProviderName } from '../providers.ts'
import type { GpuCatalogue, GpuIdentity, GpuModel } from './gpu.ts'
import { type GpuWords, gpuWords, namesMadeFrom } from './gpu-words.ts'
import { gpuModels } from './models.ts'
import { nearest } from './near.ts'

/** How far a reported memory size may be from the marketing size: drivers and ECC take some. @source dstackai/gpuhunt */
const memoryTolerance = 0.07
/** Memory is bounded whatever the marketplaces send. */
const mostRemembered = 20_000
const mostUnknown = 1_000

/** The words that lead to a model, for all and for each marketplace. */
interface WordIndex {
  byName: Map<string, GpuModel>
  general: Map<string, GpuModel[]>
  theirs: Map<string, GpuModel[]>
}

export function createGpuCatalogue(initial: readonly GpuModel[] = gpuModels): GpuCatalogue {
  let models: readonly GpuModel[] = initial
  let index = indexOf(models)
  const remembered = new Map<string, GpuIdentity>()
  const unknown = new Map<string, number>()

  function identify(spelling: string, provider: ProviderName, memoryGb: number | undefined): GpuIdentity {
    const words = gpuWords(spelling)
    const size = memoryGb ?? words.memoryGb
    for (const key of keysOf(words)) {
      for (const candidates of [index.theirs.get(`${provider}:${key}`), index.general.get(key)]) {
        const model = candidates && oneOf(candidates, size)
        if (model) return { model: model.name, known: true }
      }
    }
    return { model: spelling, known: false }
  }

  function replaceAll(wanted: readonly GpuModel[]): void {
    models = wanted
    index = indexOf(models)
    remembered.clear()
    for (const spelling of unknown.keys()) if (meantBy(spelling).length > 0) unknown.delete(spelling)
  }

  function meantBy(name: string): readonly GpuModel[] {
    const exact = index.byName.get(name.toLowerCase())
    if (exact && exact.family !== exact.name) return [exact]
    const words = gpuWords(name)
    for (const key of keysOf(words)) {
      const candidates = index.general.get(key)
      if (!candidates) continue
      // A key with the memory in it has found its models by that already.
      const size = key === words.bare ? words.memoryGb : null
      const fitting = size === null ? candidates : candidates.filter((model) => isAbout(model.memoryGb, size))
      // A name that stands for cards of several families means none of them: asking back beats renting the wrong one.
      return new Set(fitting.map((model) => model.family)).size > 1 ? [] : fitting
    }
    return []
  }

  return {
    models: () => models,
    meantBy,
    find: (name) => meantBy(name)[0],
    near: (name) => nearest(name, models),

    recognise(spelling, { provider, memoryGb }) {
      const key = `${provider}|${memoryGb ?? ''}|${spelling}`
      let identity = remembered.get(key)
      if (!identity) {
        identity = identify(spelling, provider, memoryGb)
        if (remembered.size >= mostRemembered) remembered.clear()
        remembered.set(key, identity)
      }
      if (!identity.known && (unknown.has(spelling) || unknown.size < mostUnknown)) {
        unknown.set(spelling, (unknown.get(spelling) ?? 0) + 1)
      }
      return identity
    },

    spellingsOf(model, provider) {
      return (index.byName.get(model.toLowerCase()) ?? meantBy(model)[0])?.spellings[provider] ?? []
    },

    unknownSpellings: () => unknown,

    put(model) {
      const at = models.findIndex((known) => known.name.toLowerCase() === model.name.toLowerCase())
      replaceAll(at < 0 ? [...models, model] : models.with(at, model))
    },

    replaceAll,
  }
}

/** From the most to the least exact. */
function keysOf(words: GpuWords): string[] {
  return [...new Set([words.literal, words.plain, words.bare])].filter((key) => key !== '')
}

/**
 * The model that a spelling with several candidates stands for. Memory decides; a size that none of them has (a modded
 * card) goes to the nearest. Where it leaves more than one form factor, the first is a guess; several families are none.
 */
function oneOf(candidates: readonly GpuModel[], memoryGb: number | null): GpuModel | undefined {
  let fitting = candidates
  if (memoryGb !== null) {
    const nearestBy = Math.min(...candidates.map((model) => Math.abs(model.memoryGb - memoryGb)))
    const close = candidates.filter((model) => isAbout(model.memoryGb, memoryGb))
    fitting = close.length > 0 ? close : candidates.filter((model) => Math.abs(model.memoryGb - memoryGb) === nearestBy)
  }
  const family = fitting[0]?.family
  return fitting.every((model) => model.family === family) ? fitting[0] : undefined
}

function isAbout(marketingGb: number, reportedGb: number): boolean {
  return Math.abs(marketingGb - reportedGb) <= marketingGb * memoryTolerance
}

function indexOf(models: readonly GpuModel[]): WordIndex {
  const index: WordIndex = { byName: new Map(), general: new Map(), theirs: new Map() }
  for (const model of models) {
    index.byName.set(model.name.toLowerCase(), model)
    for (const name of [...namesMadeFrom(model.name), ...namesMadeFrom(model.family)]) {
      for (const key of keysOf(gpuWords(name))) add(index.general, key, model)
    }
    for (const [provider, spellings] of Object.entries(model.spellings)) {
      for (const spelling of spellings) {
        for (const key of keysOf(gpuWords(spelling))) add(index.theirs, `${provider}:${key}`, model)
      }
    }
  }
  addWordsOfAll(index, models)
  return index
}

/**
 * Marketplaces' words are everybody's words where our own names leave them free: `Q RTX 8000`, `gpu_1x_h100_pcie`.
 * What one marketplace means by `RTX5000` must not change what a person means.
 */
function addWordsOfAll(index: WordIndex, models: readonly GpuModel[]): void {
  const ours = new Set(index.general.keys())
  for (const model of models) {
    for (const spelling of Object.values(model.spellings).flat()) {
      const { literal, plain } = gpuWords(spelling)
      for (const key of [literal, plain]) if (key !== '' && !ours.has(key)) add(index.general, key, model)
    }
  }
}

function add(map: Map<string, GpuModel[]>, key: string, model: GpuModel): void {
  const models = map.get(key)
  if (!models) map.set(key, [model])
  else if (!models.includes(model)) models.push(model)
}
