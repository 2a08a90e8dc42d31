import { describe, expect, test } from 'vitest'
import { at } from '../testing/builders.ts'
import { cli, good } from '../testing/fake-world.ts'

const levels = { min_price_usd: '0.3', median_price_usd: '0.4', p90_price_usd: '0.5' }
const change = { since: at(0), min_price: { by_usd: '0', percent: 0 }, median_price: { by_usd: '-0.1', percent: -20 } }
const trend = {
  gpu_model: 'RTX 4090',
  provider: 'vast_ai',
  market: 'on_demand',
  sampled: true,
  latest: { at: at(0), ...levels },
  change_24h: change,
  change_7d: null,
  points: [
    { at: '2026-10-01T12:00:00.000Z', looks: 6, prices: levels },
    { at: '2026-10-01T13:00:00.000Z', looks: 5, prices: null },
  ],
}
const history = { from: at(0), until: at(0), interval: 'hour', recorded_since: at(0) }

describe('trends', () => {
  const path = 'GET /api/v1/marketplace/trends'

  test('of one series shows each hour, and asks for what was asked for', async () => {
    const { exitCode, out, requests } = await cli(
      ['trends', 'rtx4090', '--provider', 'vast_ai', '--market', 'on_demand', '--from', '2026-10-01'],
      { answers: { [path]: { ...history, series: [trend] } } },
    )
    expect(exitCode).toBe(0)
    expect(Object.fromEntries(requests[0]?.query ?? [])).toEqual({
      gpu_model: 'rtx4090',
      provider: 'vast_ai',
      market: 'on_demand',
      from: '2026-10-01',
    })
    expect(out[0]).toContain('median -20.0 % in 24 h, - in 7 days')
    expect(out[3]).toMatch(/^2026-10-01 12:00 +\$0\.3000 +\$0\.4000 +\$0\.5000 +6$/)
    expect(out[4]).toMatch(/^2026-10-01 13:00 +- +- +- +5$/)
  })

  test('of several shows a line each', async () => {
    const series = [trend, { ...trend, provider: 'runpod', sampled: false }]
    const { out } = await cli(['trends'], { answers: { [path]: { ...history, series } } })
    expect(out[1]).toMatch(/^RTX 4090 +vast_ai\+ +on_demand +\$0\.3000 +\$0\.4000 +\$0\.5000 +-20\.0 % +-$/)
    expect(out[2]).toMatch(/^RTX 4090 +runpod /)
  })
})

test('availability shows the share of the looks that found something', async () => {
  const counts = { looks: 6, available_share: 0.5, offers_mean: 1.5, offers_most: 4, gpus_mean: 3, gpus_most: 8 }
  const series = [{ ...trend, ...counts, last_available_at: at(0), points: [] }]
  const { out } = await cli(['availability', 'RTX 4090'], {
    answers: { 'GET /api/v1/marketplace/availability': { ...history, series } },
  })
  expect(out[1]).toMatch(/^RTX 4090 +vast_ai\+ +on_demand +50\.0 % +1\.5 +4 +3\.0 /)
  expect(out.at(-1)).toContain('the least there were')
})

test('benchmarks shows what is not known as a dash', async () => {
  const one = {
    rank: null,
    gpu_model: 'Mystery 9000',
    price_per_hour_usd: '0.1',
    price_per_score_usd: null,
    price_per_tflops_usd: null,
    price_per_vram_gb_usd: '0.008333333',
    cheapest: { provider: 'runpod', market: 'on_demand' },
  }
  const { out, requests } = await cli(['benchmarks', '--by', 'vram'], {
    answers: { 'GET /api/v1/marketplace/benchmarks': () => good([one], { warnings: [] }) },
  })
  expect(requests[0]?.query.get('rank_by')).toBe('price_per_vram_gb')
  expect(out[1]).toMatch(/^ *- +Mystery 9000 +\$0\.1000 +- +- +\$0\.008333 +runpod +on_demand$/)
})

describe('gpu-models', () => {
  const model = { canonical_name: 'RTX 9000', memory_gb: 12, category: 'consumer', performance_score: 80 }

  test('set says what was given', async () => {
    const { exitCode, out, requests } = await cli(
      ['gpu-models', 'set', 'RTX 9000', '--memory', '12', '--score', '80', '--spelling', 'runpod=NVIDIA RTX 9000'],
      { answers: { 'PUT /api/v1/gpu-models/RTX%209000': model } },
    )
    expect(exitCode).toBe(0)
    expect(requests[0]?.body).toEqual({
      memory_gb: 12,
      performance_score: 80,
      spellings: { runpod: ['NVIDIA RTX 9000'] },
    })
    expect(out[0]).toContain('RTX 9000, 12 GB, consumer, score 80')
  })

  test('reset says what is left', async () => {
    const { out } = await cli(['gpu-models', 'reset', 'RTX 9000'], {
      answers: { 'DELETE /api/v1/gpu-models/RTX%209000': () => null },
    })
    expect(out).toEqual(['RTX 9000 is not in the catalogue any more.'])
  })

  test('a spelling without a provider is wrong usage', async () => {
    const { exitCode, err } = await cli(['gpu-models', 'set', 'RTX 9000', '--spelling', 'NVIDIA RTX 9000'])
    expect(exitCode).toBe(2)
    expect(err.join('\n')).toContain('--spelling "runpod=NVIDIA RTX 9000"')
  })
})
