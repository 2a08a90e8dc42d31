import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProviderName } from '../providers.ts'
import { createGpuCatalogue } from './catalogue.ts'
import type { GpuModel } from './gpu.ts'
import { gpuModels } from './models.ts'

const catalogue = createGpuCatalogue()
const named = (spelling: string, provider: ProviderName, memoryGb?: number) =>
  createGpuCatalogue().recognise(spelling, { provider, ...(memoryGb === undefined ? {} : { memoryGb }) })

describe('recognises what marketplaces write', () => {
  const table: [ProviderName, string, number | undefined, string][] = [
    ['vast', 'RTX 4090', 24, 'RTX 4090'],
    ['vast', 'RTX_4090', 24, 'RTX 4090'],
    ['vast', 'RTX 4090', 48, 'RTX 4090'], // modded: the offer's memory tells
    ['vast', 'RTX 4090D', 24, 'RTX 4090 D'],
    ['vast', 'A100 SXM4', 40, 'A100 SXM 40GB'],
    ['vast', 'A100 SXM4', 80, 'A100 SXM 80GB'],
    ['vast', 'A100 PCIE', 79, 'A100 PCIe 80GB'],
    ['vast', 'Tesla V100', 16, 'V100 SXM2 16GB'],
    ['vast', 'Tesla V100', 32, 'V100 SXM2 32GB'],
    ['vast', 'RTX 3080', 10, 'RTX 3080 10GB'],
    ['vast', 'RTX 3080', 12, 'RTX 3080 12GB'],
    ['vast', 'RTX 3080', 20, 'RTX 3080 12GB'], // modded: the nearest
    ['vast', 'RTX 5060 Ti', 8, 'RTX 5060 Ti 8GB'],
    ['vast', 'Q RTX 8000', 48, 'Quadro RTX 8000'],
    ['vast', 'RTX 6000Ada', 48, 'RTX 6000 Ada'],
    ['vast', 'RTX PRO 6000 S', 96, 'RTX PRO 6000 Blackwell Server'],
    ['vast', 'InstinctMI210', 64, 'MI210'],
    ['vast', 'H200', 140, 'H200 SXM 141GB'],
    ['runpod', 'NVIDIA GeForce RTX 4090', 24, 'RTX 4090'],
    ['runpod', 'NVIDIA H100 80GB HBM3', 80, 'H100 SXM 80GB'],
    ['runpod', 'NVIDIA A100 80GB PCIe', 80, 'A100 PCIe 80GB'],
    ['runpod', 'NVIDIA H200 NVL', 143, 'H200 NVL 141GB'],
    ['runpod', 'AMD Instinct MI300X OAM', 192, 'MI300X'],
    ['runpod', 'NVIDIA RTX 6000 Ada Generation', 48, 'RTX 6000 Ada'],
    ['lambda', 'gpu_8x_h100_sxm5', undefined, 'H100 SXM 80GB'],
    ['lambda', 'gpu_8x_a100_80gb_sxm4', undefined, 'A100 SXM 80GB'],
    ['lambda', 'gpu_8x_a100', undefined, 'A100 SXM 40GB'],
    ['lambda', 'gpu_1x_a100', undefined, 'A100 PCIe 40GB'],
    ['lambda', 'gpu_1x_rtx6000', undefined, 'Quadro RTX 6000'],
    ['lambda', 'gpu_16x_b200_sxm6', undefined, 'B200 SXM 180GB'], // a count that the list does not have
    ['paperspace', 'A100-80Gx8', undefined, 'A100 SXM 80GB'],
    ['paperspace', 'A4000x2', undefined, 'RTX A4000'],
    ['paperspace', 'RTX4000', undefined, 'Quadro RTX 4000'],
    ['paperspace', 'GPU+', undefined, 'Quadro M4000'],
    ['novita', 'RTX 4090 24GB', undefined, 'RTX 4090'],
    ['novita', 'H100 SXM 80GB', undefined, 'H100 SXM 80GB'],
    ['novita', 'L40S 48GB', undefined, 'L40S'], // not seen yet, but in their manner
    ['novita', 'RTX 3090 24GB', undefined, 'RTX 3090'],
  ]

  test.each(table)('%s %s (%s GB) is %s', (provider, spelling, memoryGb, model) => {
    expect(named(spelling, provider, memoryGb)).toEqual({ model, known: true })
  })

  test('keeps a name that nobody knows as it is, and counts it', () => {
    const fresh = createGpuCatalogue()
    fresh.recognise('Voodoo 2', { provider: 'vast', memoryGb: 1 })
    fresh.recognise('Voodoo 2', { provider: 'vast', memoryGb: 1 })

    expect(fresh.recognise('Voodoo 2', { provider: 'runpod' })).toEqual({ model: 'Voodoo 2', known: false })
    expect(fresh.unknownSpellings().get('Voodoo 2')).toBe(3)
  })

  test('does not take a slice of a GPU for the whole', () => {
    expect(named('NVIDIA B300 SXM6 AC MIG 1g.34gb', 'runpod').known).toBe(false)
  })

  test('does not choose between families: RTX 6000 without memory is nobody', () => {
    expect(named('RTX 6000', 'novita')).toEqual({ model: 'RTX 6000', known: false })
    expect(named('RTX 6000', 'novita', 48).model).toBe('RTX 6000 Ada')
  })
})

describe('understands what people write', () => {
  test.each([
    'RTX4090',
    'RTX_4090',
    'rtx-4090',
    'NVIDIA GeForce RTX 4090',
    'GeForce RTX 4090',
    'RTX 4090 24GB',
    'rtx 4090 24 gb',
    '8x RTX 4090',
    '4090',
  ])('%s is the RTX 4090', (name) => {
    expect(catalogue.meantBy(name).map((model) => model.name)).toEqual(['RTX 4090'])
    expect(catalogue.find(name)?.name).toBe('RTX 4090')
  })

  test.each([
    ['A6000', ['RTX A6000']],
    ['A40', ['A40']],
    ['Quadro RTX 8000', ['Quadro RTX 8000']],
    ['RX 7900 XTX', ['RX 7900 XTX']],
    ['AMD Radeon RX 7900 XTX', ['RX 7900 XTX']],
    ['H100', ['H100 SXM 80GB', 'H100 NVL 94GB', 'H100 PCIe 80GB']],
    ['A100', ['A100 SXM 80GB', 'A100 SXM 40GB', 'A100 PCIe 80GB', 'A100 PCIe 40GB']],
    ['A100 80GB', ['A100 SXM 80GB', 'A100 PCIe 80GB']],
    ['A100-SXM4', ['A100 SXM 80GB', 'A100 SXM 40GB']],
    ['V100', ['V100 SXM2 32GB', 'V100 SXM2 16GB', 'V100 PCIe 32GB', 'V100 PCIe 16GB', 'V100 FHHL 16GB']],
    ['RTX 3080', ['RTX 3080 10GB', 'RTX 3080 12GB']],
    ['RTX 4070', ['RTX 4070']],
    ['RTX 4070 Ti', ['RTX 4070 Ti']],
    ['RTX 4070 SUPER', ['RTX 4070 SUPER']],
    ['RTX 4070S', ['RTX 4070 SUPER']],
    ['RTX 4090 48GB', []], // no model has that: a wish for 48 GB must not rent 24
    ['RTX 6000', []], // Turing, Ada or Blackwell: ask back
  ])('%s means %j', (name, models) => {
    expect(catalogue.meantBy(name).map((model) => model.name)).toEqual(models)
  })

  test('finds every model by its own name', () => {
    for (const model of gpuModels) expect(catalogue.find(model.name)?.name).toBe(model.name)
  })

  test('finds every model whatever the case and the separators', () => {
    fc.assert(
      fc.property(fc.constantFrom(...gpuModels), fc.constantFrom('', ' ', '_', '-'), (model, separator) => {
        const written = model.name.replaceAll(' ', separator)
        expect(catalogue.meantBy(written.toUpperCase())).toContain(model)
        expect(catalogue.meantBy(written.toLowerCase())).toContain(model)
      }),
    )
  })

  test('suggests the nearest names', () => {
    expect(catalogue.near('RTX 4900')[0]).toMatch(/^RTX 4/)
    expect(catalogue.near('RTX 6000')).toEqual(
      expect.arrayContaining(['RTX 6000 Ada', 'Quadro RTX 6000', 'RTX PRO 6000']),
    )
    expect(catalogue.near('RTX 4090 48GB')[0]).toBe('RTX 4090')
    expect(catalogue.near('zzz')).toEqual([])
  })
})

test('S003-50 a model that is put in is recognised from then on', () => {
  const fresh = createGpuCatalogue()
  fresh.recognise('RTX 6090', { provider: 'vast' })
  const model: GpuModel = {
    ...(gpuModels[0] as GpuModel),
    name: 'RTX 6090',
    family: 'RTX 6090',
    spellings: { runpod: ['NVIDIA GeForce RTX 6090'] },
  }
  fresh.put(model)

  expect(fresh.recognise('RTX 6090', { provider: 'vast' })).toEqual({ model: 'RTX 6090', known: true })
  expect(fresh.spellingsOf('rtx 6090', 'runpod')).toEqual(['NVIDIA GeForce RTX 6090'])
  expect(fresh.unknownSpellings().has('RTX 6090')).toBe(false)
  expect(fresh.models()).toHaveLength(gpuModels.length + 1)
})

test('every model has a family, figures that are not zero, and a spelling or a reason', () => {
  for (const model of gpuModels) {
    expect(model.family).not.toBe('')
    for (const figure of [model.memoryGb, model.fp16Tflops, model.fp32Tflops]) expect(figure).not.toBe(0)
    if (model.name !== 'MI250') expect(Object.keys(model.spellings)).not.toEqual([])
  }
  expect(new Set(gpuModels.map((model) => model.name)).size).toBe(132)
})

const referenceDir = process.env.REFERENCE_DIR ?? resolve(import.meta.dirname, '../../../../../shared')
const csv = resolve(referenceDir, 'data/gpu-models.csv')

describe.skipIf(!existsSync(csv))(`agrees with ${csv} (skipped when it is absent)`, () => {
  const columns: [string, ProviderName][] = [
    ['vast_gpu_names', 'vast'],
    ['runpod_gpu_ids', 'runpod'],
    ['runpod_display_names', 'runpod'],
    ['lambda_instance_types', 'lambda'],
    ['paperspace_machine_types', 'paperspace'],
    ['novita_product_names', 'novita'],
  ]
  const rows = existsSync(csv) ? recordsOf(readFileSync(csv, 'utf8')) : []

  test('on every figure', () => {
    expect(rows).toHaveLength(gpuModels.length)
    for (const row of rows) {
      const model = catalogue.find(row.canonical_name ?? '')
      expect(model, row.canonical_name).toMatchObject({
        name: row.canonical_name,
        vendor: row.vendor,
        // Contract 003 calls the A40 professional.
        category: row.canonical_name === 'A40' ? 'professional' : row.category,
        architecture: row.architecture,
        computeCapability: figure(row.compute_capability),
        memoryGb: figure(row.memory_gb),
        memoryBandwidthGbps: figure(row.memory_bandwidth_gbps),
        fp32Tflops: figure(row.fp32_tflops),
        fp16Tflops: figure(row.fp16_tensor_dense_tflops),
      })
    }
  })

  test('on every spelling', () => {
    for (const row of rows) {
      for (const [column, provider] of columns) {
        for (const spelling of (row[column] ?? '').split('|').filter(Boolean)) {
          const model = row.canonical_name ?? ''
          const memoryGb = Number(row.memory_gb)
          const sharedBy = rows.filter(
            (other) => other.memory_gb === row.memory_gb && other[column]?.split('|').includes(spelling),
          )
          const found = catalogue.recognise(spelling, { provider, memoryGb })
          expect(found.known, `${provider} ${spelling}`).toBe(true)
          expect(sharedBy.map((other) => other.canonical_name)).toContain(found.model)
          expect(catalogue.spellingsOf(model, provider)).toContain(spelling)
        }
      }
    }
  })
})

function figure(text: string | undefined): number | null {
  return text === undefined || text === '' ? null : Number(text)
}

function recordsOf(text: string): Record<string, string>[] {
  const [header = [], ...lines] = text.trim().split('\n').map(cellsOf)
  return lines.map((cells) => Object.fromEntries(header.map((name, at) => [name, cells[at] ?? ''])))
}

function cellsOf(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}
