import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../../../core/money.ts'
import { hourMs } from '../../../core/time.ts'
import { aCharge, testStart } from '../../../testing/builders.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const get = (query = '') => world.ask('GET', `/api/v1/costs.csv${query}`)

async function costing(label: string | null, usd = '1', change = {}) {
  const { id } = await world.hasInstance({ status: 'ready', label }, { externalId: 'm-1' })
  const end = testStart + hourMs
  await world.charges.put([
    aCharge({
      instanceId: id,
      ratePerHour: nanosFromUsd(usd),
      lastOnAt: end,
      endedAfter: end,
      endedBefore: end,
      ...change,
    }),
  ])
  await world.clock.advance(2 * hourMs)
  return id
}

describe('200', () => {
  test('a file with one line for each charge, exact', async () => {
    const id = await costing('nightly, "large"', '0.333333333')
    const { status, headers, text } = await get('?from=2026-10-01')
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/csv; charset=utf-8')
    expect(headers['content-disposition']).toBe('attachment; filename="gpufleet-costs-by-charge-2026-10-01.csv"')
    expect(text.split('\r\n')).toEqual([
      'instance_id,project,label,provider,account,machine_id,gpu,gpu_count,market,attempt,kind,rate_per_hour_usd,started_after,started_before,ended_after,ended_before,cost_usd,cost_at_least_usd,exact',
      `${id},default,"nightly, ""large""",vast_ai,main,m-1,RTX 4090,1,on_demand,1,gpu,0.333333333,2026-10-01T12:00:00.000Z,2026-10-01T12:00:00.000Z,2026-10-01T13:00:00.000Z,2026-10-01T13:00:00.000Z,0.333333333,0.333333333,true`,
      '',
    ])
  })

  test('one line for each group', async () => {
    await costing('a', '2')
    await costing(null, '3')
    const { headers, text } = await get('?group_by=label')
    expect(headers['content-disposition']).toContain('gpufleet-costs-by-label.csv')
    expect(text.trim().split('\r\n')).toEqual([
      'key,cost_usd,cost_at_least_usd,exact,gpu_usd,disk_usd,traffic_usd,hours,instances',
      ',3,3,true,3,0,0,1,1',
      'a,2,2,true,2,0,0,1,1',
    ])
  })

  test.each(['=HYPERLINK("http://evil.example")', '+1', '-1+2', '@SUM(A1)', '\tx', '＝1'])(
    'no label becomes a formula: %s',
    async (label) => {
      await costing(label)
      for (const query of ['', '?group_by=label']) {
        const { text } = await get(query)
        expect(text.replaceAll('""', '"')).toContain(`'${label}`)
      }
    },
  )

  test('without costs there is a head all the same', async () => {
    expect((await get()).text.trim().split('\r\n')).toHaveLength(1)
  })

  test('who reads slowly is waited for: what nobody takes is not read', async () => {
    const id = await costing('many')
    const more = Array.from({ length: 5_000 }, (_, at) =>
      aCharge({ instanceId: id, sequence: at + 2, endedAfter: testStart + 1, endedBefore: testStart + 1 + at }),
    )
    for (let at = 0; at < more.length; at += 500) await world.charges.put(more.slice(at, at + 500))
    let pages = 0
    const { within } = world.charges
    world.charges.within = async function* (...asked) {
      for await (const page of within(...asked)) {
        pages += 1
        yield page
      }
    }
    const { stream } = await world.app.inject({
      method: 'GET',
      url: '/api/v1/costs.csv',
      remoteAddress: '127.0.0.1',
      headers: { host: 'localhost:8080' },
      payloadAsStream: true,
    })
    const body = stream()
    body.pause()
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate)
    expect(pages).toBeLessThan(5)
    let text = ''
    for await (const piece of body) text += piece
    expect(text.trim().split('\r\n')).toHaveLength(5_002)
  })
})

describe('400', () => {
  test('what cannot be answered is said before the file begins', async () => {
    const { status, json } = await get('?group_by=phase')
    expect(status).toBe(400)
    expect(json.details.mistakes[0].field).toBe('group_by')
    expect((await get('?provider=acme')).json.code).toBe('invalid_request')
  })
})

describe('500', () => {
  test('a store that fails is an error, not an empty file', async () => {
    world.charges.within = async function* () {
      yield []
      throw new Error('the disk is gone')
    }
    expect((await get()).json).toMatchObject({ code: 'internal' })
  })
})
