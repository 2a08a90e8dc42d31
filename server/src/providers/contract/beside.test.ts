import { describe, expect, test } from 'vitest'
import type { Fault } from '../../../../simulators/kit/faults.ts'
import type { ThingReport } from '../../../../simulators/kit/simulator.ts'
import type { BilledThing } from '../../core/billed-thing.ts'
import { hourMs, minuteMs } from '../../core/time.ts'
import { cases } from './cases.ts'
import { aRig, type Rig } from './rig.ts'

describe.each(cases)('$name', ({ beside, ...marketplace }) => {
  const made = (rig: Rig, kind: string, more: Record<string, unknown> = {}) =>
    String(rig.order('special/foreign-thing', { kind, name: 'gf-abcd-inst_1-1', ...more }).thing)
  const things = (rig: Rig): ThingReport[] => rig.simulator.marketplace.things()
  const around = (rig: Rig): Promise<BilledThing[]> => rig.done(rig.provider.lookAround())
  const oursOf = (kind: string) => beside.kinds.find(({ simulated }) => simulated === kind)?.ours
  /** A template has a prefix of ours. */
  const idOf = ({ externalId }: BilledThing) => externalId.replace(/^template:/, '')

  test('an account that has nothing has nothing, machines included', async () => {
    const rig = aRig({ ...marketplace, beside })
    await rig.running()
    expect(await around(rig)).toEqual([])
  })

  test('everything that bills beside machines is seen, with name, kind and the rate that is billed', async () => {
    const rig = aRig({ ...marketplace, beside })
    for (const { simulated } of beside.kinds) made(rig, simulated, { sizeGb: 120 })
    for (const { simulated } of beside.kinds) made(rig, simulated, { name: 'made-in-the-console' })
    const seen = await around(rig)
    const theirs = things(rig)
    expect(theirs).toHaveLength(2 * beside.kinds.length)
    expect(seen.map((one) => [one.kind, idOf(one), one.name]).toSorted()).toEqual(
      theirs.map(({ id, kind, name }) => [oursOf(kind), id, name]).toSorted(),
    )
    // A snapshot is always of some machine.
    for (const one of seen) if (one.kind !== 'snapshot') expect(one.attachedTo).toBeNull()
    for (const one of seen) {
      const line = rig.bill().find(({ machineId, thing }) => thing !== undefined && machineId === idOf(one))
      expect(line, idOf(one)).toBeDefined()
      if (one.ratePerHour !== null) expect(one.ratePerHour, one.kind).toBe(BigInt(line?.ratePerHour ?? -1))
    }
  })

  test('what a machine uses is seen with the machine', async () => {
    const rig = aRig({ ...marketplace, beside })
    for (const kind of beside.showsUse) {
      const machine = String(rig.order('foreign-machine', { label: 'uses-it' }).machine)
      const id = made(rig, kind, { attachedTo: machine })
      const seen = (await around(rig)).find((one) => idOf(one) === id)
      expect(seen?.attachedTo, kind).toBe(machine)
    }
  })

  test('nothing is missing over many pages', async () => {
    const rig = aRig({ ...marketplace, beside })
    if (beside.hasPages) rig.order('special/page-size', { n: 2 })
    const ids = beside.kinds.flatMap(({ simulated }) => Array.from({ length: 5 }, () => made(rig, simulated)))
    rig.simulator.requests.length = 0
    expect((await around(rig)).map(idOf).toSorted()).toEqual(ids.toSorted())
    const asked = rig.simulator.requests.filter(({ path }) => beside.lists.some((list) => path.endsWith(list.path)))
    if (beside.hasPages) expect(asked.length).toBeGreaterThanOrEqual(3 * beside.lists.length)
    expect(asked.every(({ status }) => status === 200)).toBe(true)
  })

  const broken: [string, Fault][] = [
    ['a page with 200', { kind: 'html', status: 200 }],
    ['a page with 404', { kind: 'html', status: 404 }],
    ['a cut body', { kind: 'garbage' }],
    ['an empty body', { kind: 'status', status: 200, body: '' }],
    ['{}', { kind: 'status', status: 200, body: '{}' }],
    ['[]', { kind: 'status', status: 200, body: '[]' }],
    ['null', { kind: 'status', status: 200, body: 'null' }],
    ['an error with 200', { kind: 'status', status: 200, body: '{"error":"oops","message":"oops","code":"OOPS"}' }],
    ['404', { kind: 'status', status: 404, body: '{"message":"not found"}' }],
    ['410', { kind: 'status', status: 410, body: '{"success":false,"error":"deprecated_endpoint","msg":"gone"}' }],
    ['500', { kind: 'status', status: 500, body: '{}' }],
    ['a broken connection', { kind: 'refuse' }],
  ]
  test.each(broken)('a list that is %s is an error, never an empty account', async (_, fault) => {
    for (const { path } of beside.lists) {
      const rig = aRig({ ...marketplace, beside })
      rig.fault({ ...fault, method: 'GET', path })
      expect(['unexpected_reply', 'unavailable', 'unauthorized', 'rejected'], path).toContain(
        (await rig.failure(rig.provider.lookAround())).kind,
      )
    }
  })

  test('a list without a part of it is an error, never an empty account', async () => {
    for (const { path, fields } of beside.lists) {
      for (const field of fields) {
        const rig = aRig({ ...marketplace, beside })
        for (const { simulated } of beside.kinds) made(rig, simulated)
        rig.fault({ kind: 'drop_field', field, method: 'GET', path })
        expect((await rig.failure(rig.provider.lookAround())).kind, `${path} ${field}`).toBe('unexpected_reply')
      }
    }
  })

  test('each is ended, once or twice, and bills nothing any more; the others stay', async () => {
    for (const { simulated } of beside.kinds) {
      const rig = aRig({ ...marketplace, beside })
      const { machine } = await rig.running()
      const id = made(rig, simulated)
      const other = made(rig, simulated, { name: 'made-in-the-console' })
      const thing = (await around(rig)).find((one) => idOf(one) === id)
      if (!thing) throw new Error(`${simulated} ${id} is not seen`)
      await rig.done(rig.provider.endThing(thing))
      await rig.done(rig.provider.endThing(thing))
      await rig.pass(10 * minuteMs)
      expect((await around(rig)).map(idOf), simulated).toEqual([other])
      await rig.done(rig.provider.endThing(thing))
      const billed = rig.bill().filter(({ thing: kind, endedAt }) => kind !== undefined && endedAt === null)
      expect(billed.map(({ machineId }) => machineId)).toEqual([other])
      expect((await rig.seen(machine.externalId)).phase).toBe('running')
    }
  })

  test('the end of one that is unknown is accepted; of a kind that is not sold it is rejected', async () => {
    const rig = aRig({ ...marketplace, beside })
    await rig.done(rig.provider.endThing(beside.unknown))
    const sold = new Set(beside.kinds.map(({ ours }) => ours))
    for (const kind of ['volume', 'file_system', 'static_ip', 'snapshot'] as const) {
      if (sold.has(kind)) continue
      const { externalId } = beside.unknown
      expect((await rig.failure(rig.provider.endThing({ kind, externalId }))).kind, kind).toBe('rejected')
    }
  })

  test('what somebody else made outlives the machine that we end', async () => {
    const rig = aRig({ ...marketplace, beside })
    const { machine } = await rig.running()
    const ids = beside.kinds.map(({ simulated }) => made(rig, simulated, { name: 'made-in-the-console' }))
    await rig.done(rig.provider.terminate(machine.externalId))
    await rig.pass(hourMs)
    await rig.done(rig.provider.lookAt(machine.externalId))
    expect((await around(rig)).map(idOf).toSorted()).toEqual(ids.toSorted())
  })
})
