import { beforeEach, expect, test } from 'vitest'
import { anOffer } from '../offers/an-offer.ts'
import { createOfferIndex, type OfferIndex } from '../offers/offer-index.ts'
import { createGpuCatalogue } from './catalogue.ts'
import type { GpuCatalogue, GpuModel } from './gpu.ts'
import { createGpuLayers, type GpuLayers } from './layers.ts'

let catalogue: GpuCatalogue
let index: OfferIndex
let layers: GpuLayers
beforeEach(() => {
  catalogue = createGpuCatalogue()
  index = createOfferIndex()
  layers = createGpuLayers(catalogue, index)
})

function withMemory(memoryGb: number, name = 'RTX 4090'): GpuModel {
  const model = catalogue.find('RTX 4090')
  if (model === undefined) throw new Error('the catalogue has lost the RTX 4090')
  return { ...model, name, family: name, memoryGb, spellings: {} }
}
const shown = (name = 'RTX 4090') => {
  const model = catalogue.models().find((one) => one.name === name)
  return model && [model.memoryGb, model.source]
}

test('the API counts above the file, and the file above ours; taking one back shows the next', () => {
  const ours = catalogue.models().length
  expect(shown()).toEqual([24, undefined])
  layers.useFile([withMemory(32)])
  expect(shown()).toEqual([32, 'file'])
  layers.useOwn([withMemory(48)])
  expect(shown()).toEqual([48, 'api'])
  expect(layers.below('RTX 4090')?.memoryGb).toBe(32)
  // A file that is read again is not above the API.
  layers.useFile([withMemory(33)])
  expect(shown()).toEqual([48, 'api'])
  layers.useOwn([])
  expect(shown()).toEqual([33, 'file'])
  layers.useFile([])
  expect(shown()).toEqual([24, undefined])
  expect(catalogue.models()).toHaveLength(ours)
})

test.each(['RTX 4090', 'rtx_4090', 'RTX4090', 'NVIDIA GeForce RTX 4090'])('%s is the model of that name', (name) => {
  expect(layers.named(name)?.name).toBe('RTX 4090')
})

test('a key of the list is the model that is listed under it; another name is a new one', () => {
  expect(layers.named('H100')?.name).toBe('H100 SXM 80GB')
  expect(layers.named('A6000')?.name).toBe('RTX A6000')
  expect(layers.named('RTX 4090 Ti')).toBeUndefined()
})

test('what is on sale is called by its new name at once, and by the old one when that is taken back', () => {
  const gpu = { model: 'Mystery 9000', spelling: 'Mystery 9000', known: false, memoryGb: 12 }
  index.replace({ provider: 'vast', account: 'main', scope: 'all', offers: [anOffer({ externalId: '1', gpu })] })
  layers.useOwn([{ ...withMemory(12, 'RTX 9000'), spellings: { vast: ['Mystery 9000'] } }])
  expect(index.get('vast_1')?.gpu).toMatchObject({ model: 'RTX 9000', known: true })
  layers.useOwn([])
  expect(index.get('vast_1')?.gpu).toMatchObject({ model: 'Mystery 9000', known: false })
})
