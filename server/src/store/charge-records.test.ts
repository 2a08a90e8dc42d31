import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Charge, withEnd, withReading } from '../core/charges/charge.ts'
import { aLaunch, anEntry, anInstance, anInstanceId, aReading } from '../testing/builders.ts'
import { type TestStores, testStores } from '../testing/database.ts'

let stores: TestStores
beforeEach(async () => {
  stores = await testStores()
  await stores.instances.add(anEntry({ instance: anInstance() }))
})
afterEach(() => stores.close())

const id = anInstanceId()
const launch = aLaunch({ intendedAt: 0 })
const hour = 3_600_000
const change = (next: (known: readonly Charge[]) => readonly Charge[]) => stores.charges.change(id, 1, next)
const seen = (at: number, reading: Parameters<typeof aReading>[0] = {}) =>
  change((known) => withReading(known, { reading: aReading(reading), begunAt: at, at, seenOffAt: 0 }, launch))
const records = async () => (await stores.events.audit({ kind: 'charge', limit: 10 })).reverse()
const run = (text: string) => sql.raw(text).execute(stores.database)

async function ended(): Promise<void> {
  await seen(hour)
  await seen(2 * hour)
  await change((known) => withEnd(known, 3 * hour))
}

test('a charge is told of when it ends, and when its end is known more exactly; not while it runs, nor twice', async () => {
  await seen(hour)
  await seen(2 * hour)
  expect(await records()).toEqual([])

  await change((known) => withEnd(known, 3 * hour))
  await change((known) => known.map((charge) => ({ ...charge })))
  expect(await records()).toMatchObject([
    {
      instanceId: id,
      at: 3 * hour,
      data: { rate_per_hour_usd: '0.360000000', at_most_usd: '1.080000000', at_least_usd: '0.360000000' },
    },
  ])
  const exact = { startedAfter: hour, startedBefore: hour, endedAfter: 3 * hour }
  await change((known) => known.map((charge) => ({ ...charge, ...exact })))
  expect((await records())[1]).toMatchObject({ data: { at_most_usd: '0.720000000', at_least_usd: '0.720000000' } })
  expect(await stores.checkCharges()).toEqual({ checked: 1, broken: null, unrecorded: 0 })
})

describe('is named:', () => {
  const name = `charge gpu 1 of attempt 1 of ${id}`
  test.each([
    ['a rate that was changed', 'update charges set rate_nano = 1', `${name} is not what it was when it ended`],
    ['an end that was moved', `update charges set ended_before = ${4 * hour}`, `${name} is not what it was`],
    ['an end that was taken away', 'update charges set ended_before = null', `${name} is not what it was`],
    ['a charge that was deleted', 'delete from charges', `${name} is missing`],
    ['one that was numbered anew', 'update charges set sequence = 2', 'is not in the log'],
  ])('%s', async (_what, tampering, says) => {
    await ended()
    await run(tampering)
    expect((await stores.checkCharges()).broken).toContain(says)
    expect(await stores.checkChain('events')).toMatchObject({ broken: null })
  })

  test('an instance that was deleted with all its charges', async () => {
    await ended()
    await run('pragma foreign_keys = off')
    await run('delete from charges')
    await run('delete from instances')
    expect((await stores.checkCharges()).broken).toBe(`the charges of ${id} are missing`)
  })
})

test('what had ended before the log told of any is counted, and not vouched for', async () => {
  await ended()
  await run('delete from events')
  expect(await stores.checkCharges()).toEqual({ checked: 0, broken: null, unrecorded: 1 })
})
