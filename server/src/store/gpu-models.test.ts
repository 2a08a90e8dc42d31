import { afterEach, beforeEach, expect, test } from 'vitest'
import type { GpuModel } from '../core/gpus/gpu.ts'
import { anEvent } from '../testing/builders.ts'
import { type TestStores, testStores } from '../testing/database.ts'

let stores: TestStores
beforeEach(async () => {
  stores = await testStores()
})
afterEach(() => stores.close())

const aModel = (change: Partial<GpuModel> = {}): GpuModel => ({
  name: 'RTX 9000',
  family: 'RTX 9000',
  vendor: 'nvidia',
  category: 'consumer',
  architecture: 'Next',
  computeCapability: 12.5,
  memoryGb: 36,
  memoryBandwidthGbps: null,
  fp32Tflops: null,
  fp16Tflops: 400.5,
  spellings: { runpod: ['NVIDIA RTX 9000'] },
  ...change,
})
const event = () => anEvent({ instanceId: null, kind: 'changed', status: null, because: null })
const put = (model: GpuModel) => stores.gpuModels.put(model, { actor: 'admin', at: 1 }, event())

test('keeps a model whole, the last word of each name, and tells of every change', async () => {
  await put(aModel())
  await put(aModel({ memoryGb: 40, performanceScore: 0 }))
  await put(aModel({ name: 'RTX 9001' }))
  expect(await stores.gpuModels.all()).toEqual([
    aModel({ memoryGb: 40, performanceScore: 0 }),
    aModel({ name: 'RTX 9001' }),
  ])
  expect(await stores.events.list({ limit: 10 })).toHaveLength(3)
})

test('what is not there cannot be taken back, and nothing is told', async () => {
  await put(aModel())
  expect(await stores.gpuModels.remove('RTX 9999', event())).toBe(false)
  expect(await stores.gpuModels.remove('RTX 9000', event())).toBe(true)
  expect(await stores.gpuModels.all()).toEqual([])
  expect(await stores.events.list({ limit: 10 })).toHaveLength(2)
})
