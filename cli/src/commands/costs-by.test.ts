import { describe, expect, test } from 'vitest'
import { anId, anInstance, at } from '../testing/builders.ts'
import { cli, good } from '../testing/fake-world.ts'

const sums = {
  cost_usd: '15',
  cost_at_least_usd: '10',
  exact: false,
  gpu_usd: '14',
  disk_usd: '0.5',
  traffic_usd: '0.5',
  hours: 3,
  instances: 2,
}
const costs = {
  from: at(0),
  until: at(0),
  group_by: 'label',
  rows: [
    { key: 'nightly', ...sums },
    { key: null, ...sums, exact: true },
  ],
  left_out: 0,
  total: sums,
  at: at(0),
}

describe('costs --by', () => {
  test('shows what was spent by anything, and asks for what was asked for', async () => {
    const { exitCode, out, requests } = await cli(
      ['costs', '--by', 'label', '--from', '2026-10-01', '--until', '2026-11-01', '--project', 'vision'],
      { answers: { 'GET /api/v1/costs': costs } },
    )
    expect(exitCode).toBe(0)
    expect(Object.fromEntries(requests[0]?.query ?? [])).toEqual({
      group_by: 'label',
      from: '2026-10-01',
      until: '2026-11-01',
      project: 'vision',
    })
    expect(out[2]).toMatch(/^nightly +\$15\.0000 +at least \$10\.0000 +\$14\.0000 +\$0\.5000 +\$0\.5000 +3\.00 +2$/)
    expect(out[3]).toMatch(/^- +\$15\.0000 +\$14\.0000/)
    expect(out.at(-1)).toMatch(/^in all/)
  })

  test('a range alone is by instance, and an instance is found by its label', async () => {
    const { requests } = await cli(['costs', 'vllm', '--from', '2026-10-01'], {
      answers: {
        'GET /api/v1/instances': () => good([anInstance({ label: 'vllm' })], { next_cursor: null }),
        'GET /api/v1/costs': costs,
      },
    })
    expect(requests.at(-1)?.query.get('instance_id')).toBe(anId)
    expect(requests.at(-1)?.query.has('group_by')).toBe(false)
  })

  test('one line for each charge needs a file', async () => {
    const { exitCode, err } = await cli(['costs', '--by', 'charge'])
    expect(exitCode).toBe(2)
    expect(err.at(-1)).toContain('--csv')
  })
})

describe('costs --csv', () => {
  test('writes what the server sends, piece by piece', async () => {
    const written: string[] = []
    const { out, requests } = await cli(['costs', '--csv', 'october.csv', '--from', '2026-10-01'], {
      answers: { 'GET /api/v1/costs.csv': () => new Response('a,b\r\n1,2\r\n') },
      world: {
        async writeFile(path, pieces) {
          written.push(path)
          for await (const piece of pieces) written.push(new TextDecoder().decode(piece))
        },
      },
    })
    expect(written).toEqual(['october.csv', 'a,b\r\n1,2\r\n'])
    expect(Object.fromEntries(requests[0]?.query ?? [])).toEqual({ from: '2026-10-01' })
    expect(out).toEqual(['Wrote october.csv.'])
  })

  test('a file that breaks off in the middle is an error', async () => {
    const { exitCode, err } = await cli(['costs', '--csv', 'october.csv'], {
      answers: {
        'GET /api/v1/costs.csv': () =>
          new Response(
            new ReadableStream({
              start(controller) {
                controller.enqueue(new TextEncoder().encode('a,b'))
                controller.error(new Error('the connection broke'))
              },
            }),
          ),
      },
      world: {
        async writeFile(_, pieces) {
          for await (const _piece of pieces);
        },
      },
    })
    expect(exitCode).toBe(6)
    expect(err[0]).toContain('the connection broke')
  })
})
