import { describe, expect, test } from 'vitest'
import { createGpuCatalogue } from './catalogue.ts'
import { contractKey, contractModel, contractModels, performanceScore } from './contract-models.ts'
import type { GpuModel } from './gpu.ts'
import { gpuModels } from './models.ts'

const catalogue = createGpuCatalogue()
const model = (name: string) => catalogue.find(name) as GpuModel

describe('S003-23..27 the contract’s models', () => {
  test.each(contractModels)('$key is ours, with the same category and memory', (entry) => {
    const ours = model(entry.model)
    expect(ours).toMatchObject({
      name: entry.model,
      family: entry.family,
      category: entry.category,
      memoryGb: entry.memoryGb,
    })
    expect(contractKey(ours)).toBe(entry.key)
    expect(catalogue.meantBy(entry.key)).toContain(ours)
    expect(ours.computeCapability ?? 0).toBe(entry.computeCapability)
    expect(ours.architecture).toBe(entry.architecture)
    if (entry.performanceScore !== null) expect(performanceScore(ours)).toBe(entry.performanceScore)
  })

  test('S003-23 has the figures of the contract’s own example', () => {
    expect(contractModel(model('RTX 4090'))).toMatchObject({
      memoryGb: 24,
      computeCapability: 8.9,
      performanceScore: 100,
    })
    expect(contractModel(model('H100'))).toMatchObject({ memoryGb: 80, computeCapability: 9, performanceScore: 150 })
  })
})

test('no two models share a key', () => {
  expect(new Set(gpuModels.map(contractKey)).size).toBe(gpuModels.length)
})

describe('performance scores', () => {
  test('S003-28 lie in 0..150 and are whole', () => {
    for (const known of gpuModels) {
      const score = performanceScore(known)
      if (score === null) continue
      expect(Number.isInteger(score)).toBe(true)
      expect(score).toBeGreaterThan(0)
      expect(score).toBeLessThanOrEqual(150)
    }
  })

  test('are the contract’s for every variant of a family that it names', () => {
    expect(performanceScore(model('A100 PCIe 40GB'))).toBe(120)
    expect(performanceScore(model('H100 PCIe'))).toBe(150)
  })

  test('grow with TFLOPS elsewhere, and are not invented', () => {
    expect(performanceScore(model('RTX 5090'))).toBe(113)
    expect(performanceScore(model('B200'))).toBe(150)
    expect(performanceScore(model('RTX 5080')) ?? 0).toBeGreaterThan(performanceScore(model('RTX 5070')) ?? 0)
    expect(performanceScore(model('RTX PRO 5000'))).toBeNull()
  })
})
