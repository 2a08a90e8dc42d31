import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChainName } from '../core/chain/chain.ts'
import { anEntry, anEvent, anInstanceId, anOperation, testStart } from '../testing/builders.ts'
import { type TestStores, testStores } from '../testing/database.ts'
import { addEvents } from './events.ts'

let stores: TestStores
beforeEach(async () => {
  stores = await testStores()
  await stores.events.record(
    Array.from({ length: 6 }, (_, at) => anEvent({ at: testStart + at, message: `event ${at + 1}` })),
  )
  await stores.operations.add(Array.from({ length: 6 }, (_, at) => anOperation({ at: testStart + at })))
})
afterEach(() => stores.close())

const run = (text: string) => sql.raw(text).execute(stores.database)
const check = (chain: ChainName = 'events') => stores.checkChain(chain)

test('a log as it was written is whole', async () => {
  expect(await check()).toMatchObject({ checked: 6, broken: null, unchained: 0 })
  expect(await check('operations')).toMatchObject({ checked: 6, broken: null })
})

test('changes of all kinds are links of the chain: the wish, its events, and what nobody asked for', async () => {
  await stores.instances.add(anEntry())
  await stores.events.record([anEvent({ instanceId: null, kind: 'changed', status: null, because: null })])
  expect(await check()).toMatchObject({ checked: 8, broken: null })
})

describe.each(['events', 'operations'] as const)('tampering with %s is named:', (chain) => {
  const column = chain === 'events' ? 'message' : 'error'
  const columns = `at, ${chain === 'events' ? 'kind, message, data' : 'provider, account, operation, method, path, duration_ms, outcome, error, attempt'}`

  test('a row that was changed', async () => {
    await run(`update ${chain} set ${column} = 'nothing happened' where id = 3`)
    expect((await check(chain)).broken).toMatchObject({ id: 3, what: expect.stringContaining('was changed') })
  })

  test('a row that was deleted', async () => {
    await run(`delete from ${chain} where id = 4`)
    expect((await check(chain)).broken).toEqual({ id: 4, what: 'row 4 is missing' })
  })

  test('the first row deleted', async () => {
    await run(`delete from ${chain} where id = 1`)
    expect((await check(chain)).broken).toEqual({ id: 1, what: 'row 1 is missing' })
  })

  test('the tail deleted', async () => {
    await run(`delete from ${chain} where id >= 5`)
    expect((await check(chain)).broken).toEqual({ id: 5, what: 'rows 5 to 6 are missing' })
  })

  test('the tail deleted, and the head moved back to hide it', async () => {
    await run(`delete from ${chain} where id >= 5`)
    await run(
      `update chain_heads set last_id = 4, last_hash = (select hash from ${chain} where id = 4) where chain = '${chain}'`,
    )
    expect((await check(chain)).broken).toMatchObject({ id: null, what: expect.stringContaining('head') })
  })

  test('everything deleted, the head too, and begun again', async () => {
    await run(`delete from chain_heads where chain = '${chain}'`)
    await stores.events.record([anEvent()])
    await stores.operations.add([anOperation()])
    expect((await check(chain)).broken).toMatchObject({ id: 1, what: expect.stringContaining('whose head is gone') })
  })

  test('two rows swapped', async () => {
    await run(`update ${chain} set id = 100 where id = 2`)
    await run(`update ${chain} set id = 2 where id = 5`)
    await run(`update ${chain} set id = 5 where id = 100`)
    expect((await check(chain)).broken).toMatchObject({ id: 2 })
  })

  test('a row put in between', async () => {
    for (let id = 6; id >= 4; id -= 1) await run(`update ${chain} set id = ${id + 1} where id = ${id}`)
    await run(`insert into ${chain} (id, ${columns}, hash) select 4, ${columns}, hash from ${chain} where id = 3`)
    expect((await check(chain)).broken).toMatchObject({ id: 4, what: expect.stringContaining('was changed') })
  })

  test('a row put behind the last', async () => {
    await run(`insert into ${chain} (id, ${columns}, hash) select 7, ${columns}, 'made up' from ${chain} where id = 3`)
    expect((await check(chain)).broken).toEqual({ id: 7, what: 'row 7 was added by somebody else' })
  })
})

test('a transaction that fails leaves no gap', async () => {
  const failing = stores.database.transaction().execute(async (transaction) => {
    await addEvents(transaction, [anEvent()])
    throw new Error('the disk is full')
  })
  await expect(failing).rejects.toThrow('the disk is full')
  await stores.events.record([anEvent()])
  expect(await check()).toMatchObject({ checked: 7, broken: null })
})

test('an event cannot be written outside of a transaction', async () => {
  await expect(addEvents(stores.database, [anEvent()])).rejects.toThrow('in a transaction')
})

test('what is older than the chain is counted, and not vouched for', async () => {
  await run('delete from events')
  await run('delete from chain_heads')
  await run(`insert into events (id, at, kind, message, data) values (1, 0, 'alarm', 'from the days before', '{}')`)
  await stores.events.record([anEvent()])
  expect(await check()).toMatchObject({ checked: 1, broken: null, unchained: 1 })
})

describe('pruning operations', () => {
  test('keeps the rest of the chain whole, and tampering with it visible', async () => {
    expect(await stores.operations.prune(testStart + 4)).toBe(4)
    expect(await check('operations')).toMatchObject({ checked: 2, broken: null, unchained: 0 })
    await stores.operations.add([anOperation()])
    expect(await check('operations')).toMatchObject({ checked: 3, broken: null })
    await run('delete from operations where id = 5')
    expect((await check('operations')).broken).toMatchObject({ id: 5 })
  })

  test('may leave nothing', async () => {
    expect(await stores.operations.prune(testStart + 100)).toBe(6)
    expect(await stores.operations.prune(testStart + 100)).toBe(0)
    expect(await check('operations')).toMatchObject({ checked: 0, broken: null })
    await stores.operations.add([anOperation()])
    expect(await check('operations')).toMatchObject({ checked: 1, broken: null })
  })
})

describe('an operation', () => {
  test('belongs to the instance whose label it carried, or whose machine it names', async () => {
    const entry = anEntry()
    await stores.instances.add(entry)
    await stores.operations.add([
      anOperation({ label: `gf-testfleet-${anInstanceId().slice('inst_'.length)}-1` }),
      anOperation({ parts: ['api', 'v0', 'instances', '999'] }),
    ])
    const [other, launch] = await stores.operations.list({ limit: 2 })
    expect(launch?.instanceId).toBe(anInstanceId())
    expect(other?.instanceId).toBeNull()
  })

  test('is found by provider, instance and outcome', async () => {
    await stores.operations.add([
      anOperation({ provider: 'novita', outcome: '5xx', status: 502, error: 'HTTP 502' }),
      anOperation({ provider: 'novita', outcome: '2xx' }),
    ])
    expect(await stores.operations.list({ provider: 'novita', limit: 10 })).toHaveLength(2)
    expect(await stores.operations.list({ outcome: 'failed', limit: 10 })).toMatchObject([{ id: 7, status: 502 }])
    expect(await stores.operations.list({ before: 3, limit: 10 })).toMatchObject([{ id: 2 }, { id: 1 }])
  })
})

describe('an event', () => {
  test('says who, and what was before and after', async () => {
    await stores.events.record([
      anEvent({ status: 'ready', data: { from: 'running' } }),
      anEvent({ kind: 'changed', actor: 'ci', before: { limit_usd: '20' }, after: { limit_usd: '30' } }),
    ])
    expect(await stores.events.audit({ limit: 2 })).toMatchObject([
      { actor: 'ci', before: { limit_usd: '20' }, after: { limit_usd: '30' } },
      { actor: 'system', before: { status: 'running' }, after: { status: 'ready' } },
    ])
  })

  test('is found by actor, kind, instance and time, newest first', async () => {
    await stores.events.record([anEvent({ actor: 'ci', kind: 'order', at: testStart + 50, instanceId: null })])
    const ids = async (query: Partial<Parameters<TestStores['events']['audit']>[0]>) =>
      (await stores.events.audit({ limit: 10, ...query })).map((event) => event.id)
    expect(await ids({ actor: 'ci' })).toEqual([7])
    expect(await ids({ kind: 'order' })).toEqual([7])
    expect(await ids({ instanceId: anInstanceId() })).toEqual([6, 5, 4, 3, 2, 1])
    expect(await ids({ from: testStart + 4, until: testStart + 50 })).toEqual([6, 5])
    expect(await ids({ before: 3 })).toEqual([2, 1])
  })
})
