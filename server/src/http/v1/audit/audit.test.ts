import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createChargeStore } from '../../../store/charges.ts'
import { aCharge, anEvent, anInstanceId } from '../../../testing/builders.ts'
import { adminKey, type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const audit = async (query = '') => (await world.ask('GET', `/api/v1/audit${query}`)).json

describe('listAudit', () => {
  test('200 says who asked for what, and what was before and after', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, {})
    await world.ask('POST', `/api/v1/instances/${id}/stop`, undefined, { 'x-api-key': adminKey })
    const [newest] = (await audit(`?instance_id=${id}`)).data
    expect(newest).toMatchObject({
      instance_id: id,
      kind: 'status',
      actor: 'admin',
      before: { status: 'ready' },
      after: { status: 'stopping' },
      hash: expect.stringMatching(/^.{43}$/),
    })
  })

  test('200 filters by actor, kind and time, page by page', async () => {
    const { events } = world
    const at = world.clock.now()
    await events.record([1, 2, 3].map((count) => anEvent({ at: at + count, actor: 'ci', kind: 'order' })))
    await events.record([anEvent({ at: at + 9, kind: 'changed', instanceId: null, status: null, actor: 'me' })])
    const ids = (page: { data: { id: number }[] }) => page.data.map((one) => one.id)
    const first = await audit('?actor=ci&limit=2')
    expect(ids(first)).toEqual([3, 2])
    const second = await audit(`?actor=ci&limit=2&cursor=${first.next_cursor}`)
    expect([ids(second), second.next_cursor]).toEqual([[1], null])
    expect(ids(await audit('?kind=changed'))).toEqual([4])
    expect(ids(await audit(`?from=2026-10-01T12:00:00.002Z&until=2026-10-01T12:00:00.009Z`))).toEqual([3, 2])
    expect(ids(await audit(`?instance_id=${anInstanceId()}`))).toEqual([3, 2, 1])
  })

  test('400 names what it cannot read', async () => {
    const { json } = await world.ask('GET', '/api/v1/audit?kind=nothing&from=yesterday')
    expect(json.details.mistakes.map((one: { field: string }) => one.field)).toEqual(['kind', 'from'])
  })
})

describe('verifyAudit', () => {
  test('200 with a log as it was written', async () => {
    await world.events.record([anEvent(), anEvent()])
    const { json } = await world.ask('GET', '/api/v1/audit/verify')
    expect(json.data).toMatchObject({ ok: true, checked: 2, first_broken: null })
    const [last] = (await audit()).data
    expect(json.data.heads).toMatchObject([
      { log: 'events', first_id: 1, last_id: 2, last_hash: last.hash, unchained: 0 },
      { log: 'operations', last_id: null },
    ])
    expect(json.data.charges).toEqual({ checked: 0, unrecorded: 0 })
  })

  test('200 with the charge that is not what was logged of it', async () => {
    const { id } = await world.hasInstance({ status: 'ready', attempt: 1 }, { externalId: 'm-1' })
    await createChargeStore(world.database).change(id, 1, () => [
      aCharge({ instanceId: id, endedAfter: 9_000, endedBefore: 9_000 }),
    ])
    expect((await world.ask('GET', '/api/v1/audit/verify')).json.data).toMatchObject({
      ok: true,
      charges: { checked: 1 },
    })
    await sql`update charges set rate_nano = 1`.execute(world.database)
    expect((await world.ask('GET', '/api/v1/audit/verify')).json.data).toMatchObject({
      ok: false,
      first_broken: { log: 'charges', id: null, what: expect.stringContaining(`of ${id} is not what it was`) },
    })
  })

  test('200 with the first entry that is not as it was', async () => {
    await world.events.record([anEvent(), anEvent(), anEvent()])
    await sql`update events set actor = 'somebody else' where id = 2`.execute(world.database)
    expect((await world.ask('GET', '/api/v1/audit/verify')).json.data).toMatchObject({
      ok: false,
      first_broken: { log: 'events', id: 2, what: expect.stringContaining('row 2 was changed') },
    })
  })
})
