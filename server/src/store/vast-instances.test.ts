import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Instance } from '../core/instances/instance.ts'
import { type Status, statuses } from '../core/instances/status.ts'
import { vastWord } from '../core/vast-face/status-word.ts'
import { aLaunch, anEntry, anEvent, anInstance, anInstanceId, aWish, testStart } from '../testing/builders.ts'
import { type TestStores, testStores } from '../testing/database.ts'

let stores: TestStores
beforeEach(async () => {
  stores = await testStores()
})
afterEach(() => stores.close())

const health = { path: '/health', port: 12_434, timeoutMs: 1 }

/** When the statuses of `has` are written down. */
const readyAt = testStart + 3_000

/** As it was written down, and then moved to a status. */
async function has(
  number: number,
  change: { wish?: Partial<Instance['wish']>; status?: Status; before?: Status } = {},
) {
  const id = anInstanceId(number)
  const wish = aWish({ provider: 'vast', ...change.wish })
  const { status = 'requested', before } = change
  await stores.instances.add(
    anEntry({ instance: anInstance({ id, wish }), event: anEvent({ instanceId: id, status: 'requested' }) }),
  )
  const claim = (await stores.instances.claimDue(testStart + 1e9, { limit: 50, forMs: 0 })).find((one) => one.id === id)
  if (claim === undefined) throw new Error('it is not due')
  const decided = {
    status,
    because: 'asked',
    message: null,
    statusSince: testStart,
    endedAt: status === 'terminated' ? testStart + 5_000 : null,
    dueAt: testStart,
  } as const
  await stores.instances.recordIntent(claim, aLaunch({ instanceId: id }), decided, [
    anEvent({ at: readyAt, instanceId: id, kind: 'status', status, data: { from: before ?? 'requested' } }),
  ])
  return id
}

/** As others read it: by the view's name alone. */
// biome-ignore lint/suspicious/noExplicitAny: rows of a shape that only the contract names
const rowsOf = async (view: string): Promise<any[]> =>
  stores.database
    .selectFrom(view as 'events')
    .selectAll()
    .execute()

describe('the view of instances', () => {
  test.each(statuses.flatMap((status) => [true, false].map((servesVllm) => ({ status, servesVllm }))))(
    'says the same word as the face: %o',
    async ({ status, servesVllm }) => {
      const wish = servesVllm ? { health, environmentNames: ['VLLM_MODEL_NAME'] } : { health }
      for (const before of [undefined, 'ready', 'stopped', 'stopping'] as const) {
        const id = await has(1, { status, wish, ...(before !== undefined && { before }) })
        const [row] = await rowsOf('vast_instances')
        const told = (await stores.vast.statusBefore([id])).get(id) ?? null
        expect(row.status).toBe(vastWord({ status, servesVllm, before: told }))
        await stores.close()
        stores = await testStores()
      }
    },
  )

  test('shows nothing of other marketplaces', async () => {
    await stores.instances.add(anEntry({ instance: anInstance({ wish: aWish({ provider: 'runpod' }) }) }))
    expect(await rowsOf('vast_instances')).toEqual([])
    expect(await rowsOf('vast_execution_logs')).toEqual([])
  })

  test('numbers them in their order, and keeps the numbers', async () => {
    await has(1)
    const [first] = await rowsOf('vast_instances')
    await has(2)
    const rows = await rowsOf('vast_instances')
    expect(rows.map((row) => row.instance_id)).toEqual([anInstanceId(1), anInstanceId(2)])
    expect(rows[0].id).toBe(first.id)
    expect(rows[1].id).toBeGreaterThan(first.id)
  })
})

describe('the view of the log', () => {
  test('a failure is one, with its message and no result', async () => {
    await has(1, { status: 'failed' })
    const rows = await rowsOf('vast_execution_logs')
    expect(rows.map(({ success }) => success)).toEqual([1, 0])
    expect(rows[1]).toMatchObject({ operation: 'create_instance', result: null, execution_time: 3 })
    expect(rows[1].error_message).not.toBeNull()
  })

  test('holds the calls to the marketplace that were about an instance, and no secret path', async () => {
    const id = await has(1, { status: 'ready' })
    const call = {
      at: testStart,
      provider: 'vast',
      account: 'main',
      operation: 'launch',
      method: 'PUT',
      path: '/api/v0/asks/:id/',
      parts: [],
      label: aLaunch({ instanceId: id }).label,
      durationMs: 1_500,
      status: 400,
      outcome: '400',
      error: 'no such ask',
      attempt: 1,
    }
    await stores.operations.add([call, { ...call, label: null }])
    const rows = (await rowsOf('vast_execution_logs')).filter(({ command }) => command.startsWith('PUT'))
    expect(rows).toMatchObject([
      { instance_id: id, operation: 'create_instance', success: 0, error_message: 'no such ask', execution_time: 1.5 },
    ])
  })

  test('a refused request has no instance', async () => {
    const refusal = { at: testStart, operation: 'create_instance', command: 'POST', message: 'no', durationMs: 20 }
    await stores.vast.refused({ ...refusal, metadata: { offer_id: '1' } })
    expect(await rowsOf('vast_execution_logs')).toMatchObject([
      { instance_id: null, success: 0, error_message: 'no', execution_time: 0.02, metadata: '{"offer_id":"1"}' },
    ])
    await stores.vast.prune(testStart + 1)
    expect(await rowsOf('vast_execution_logs')).toEqual([])
  })

  test('comes in pages, newest first', async () => {
    const id = await has(1, { status: 'ready' })
    await has(2)
    const { entries, total } = await stores.vast.log(id, { limit: 1, offset: 0 })
    expect([total, entries.map(({ operation }) => operation)]).toEqual([2, ['setup_instance']])
    expect((await stores.vast.log(id, { limit: 5, offset: 1 })).entries.map((one) => one.operation)).toEqual([
      'create_instance',
    ])
  })
})

test('only what was launched with auto_destroy and was ready long enough ago is to be ended', async () => {
  const settings = { autoDestroy: true, startCommand: null, modelName: null, maxModelLen: null }
  const ready = await has(1, { status: 'ready' })
  const running = await has(2, { status: 'running' })
  const plain = await has(3, { status: 'ready' })
  await stores.vast.put(ready, settings, testStart)
  await stores.vast.put(running, settings, testStart)
  await stores.vast.put(plain, { ...settings, autoDestroy: false }, testStart)
  expect(await stores.vast.toEnd(readyAt - 1)).toEqual([])
  expect(await stores.vast.toEnd(readyAt)).toEqual([ready])
})

test.each([
  ['running', 'up', true], // its server has died
  ['interrupted', 'up', true],
  ['stopped', 'stopped', false],
  ['terminating', 'ended', false],
  ['terminated', 'up', false],
  ['failed', 'up', false],
] as const)('once ready, now %s and wanted %s: to be ended: %s', async (status, wanted, isEnded) => {
  const id = await has(1, { status: 'ready' })
  await stores.vast.put(id, { autoDestroy: true, startCommand: null, modelName: null, maxModelLen: null }, testStart)
  const changes = { status, wanted, status_since: readyAt + 30_000 }
  await stores.database.updateTable('instances').set(changes).where('id', '=', id).execute()
  await stores.events.record([anEvent({ at: readyAt + 30_000, instanceId: id, status })])
  expect(await stores.vast.toEnd(readyAt)).toEqual(isEnded ? [id] : [])
  expect(await stores.vast.toEnd(readyAt - 1)).toEqual([])
})

test('settings without an instance are forgotten after a while, and no others', async () => {
  const settings = { autoDestroy: true, startCommand: null, modelName: null, maxModelLen: null }
  const id = await has(1)
  await stores.vast.put(id, settings, testStart)
  await stores.vast.put(anInstanceId(2), settings, testStart)
  await stores.vast.prune(testStart)
  expect((await stores.vast.settingsOf([id, anInstanceId(2)])).size).toBe(2)
  await stores.vast.prune(testStart + 1)
  expect([...(await stores.vast.settingsOf([id, anInstanceId(2)])).keys()]).toEqual([id])
})
