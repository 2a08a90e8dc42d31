/**
 * The crash table of DESIGN.md, row by row, at every marketplace: the process dies at exactly that point, and the next one
 * does what the table says.
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../server/src/core/money.ts'
import type { ProviderName } from '../server/src/core/providers.ts'
import { minuteMs, secondMs } from '../server/src/core/time.ts'
import type { Transport } from '../server/src/outbound/transport.ts'
import { lambdaDescription } from '../server/src/providers/lambda/description.ts'
import { novitaDescription } from '../server/src/providers/novita/description.ts'
import { paperspaceDescription } from '../server/src/providers/paperspace/description.ts'
import { runpodDescription } from '../server/src/providers/runpod/description.ts'
import { vastDescription } from '../server/src/providers/vast/description.ts'
import { launchDeadlineMs } from '../server/src/reconcile/sight.ts'
import {
  aGround,
  aMortal,
  aProcess,
  type Ground,
  type Mortal,
  type Point,
  type Process,
} from './kill/mortal-process.ts'
import { transportTo } from './world.ts'

interface Case {
  name: ProviderName
  gpu: string
  listLagMs: number
  canStop: boolean
  calm: (ground: Ground) => void
}

const cases: Case[] = [
  {
    name: 'vast',
    gpu: 'RTX 4090',
    ...vastDescription.abilities,
    calm: (ground) => ground.order('vast', 'special/calm'),
  },
  { name: 'runpod', gpu: 'RTX 4090', ...runpodDescription.abilities, calm: () => {} },
  { name: 'lambda', gpu: 'A10', ...lambdaDescription.abilities, calm: () => {} },
  {
    name: 'paperspace',
    gpu: 'A4000',
    ...paperspaceDescription.abilities,
    calm: (ground) => ground.order('paperspace', 'special/calm'),
  },
  {
    name: 'novita',
    gpu: 'RTX 4090',
    ...novitaDescription.abilities,
    calm: (ground) => ground.order('novita', 'special/chances', { calm: true }),
  },
]

const key = { 'idempotency-key': 'the-same-wish' }
const sshKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBPHBBY9g95Ent3NuTSyHmmyYwl0B97xDmIgQ097342Y me@example.com'
const longEnough = 40 * minuteMs

describe.each(cases)('$name', ({ name, gpu, listLagMs, canStop, calm }) => {
  let ground: Ground
  let dying: Mortal
  let next: Process | undefined
  const wish = { gpu_model: gpu, disk_gb: 50, image: 'ubuntu:24.04', label: 'mine', ssh_public_key: sshKey }

  beforeEach(async () => {
    ground = await aGround({ providers: [name] })
    calm(ground)
    dying = await aMortal(ground)
    await dying.until(async () => {
      const offers = await dying.call('GET', `/api/v1/offers/search?gpu_model=${encodeURIComponent(gpu)}&disk_gb=50`)
      return offers.body.data.length > 0
    }, 2 * minuteMs)
  })
  afterEach(async () => {
    await next?.close()
    next = undefined
  })

  const machines = () => ground.simulators[name].marketplace.machines()
  const billing = () => machines().filter((machine) => machine.billing)
  /** A process that has just begun may not know the market yet. */
  const launch = (process: Pick<Process, 'call' | 'until'>): Promise<string> =>
    process.until(async () => {
      const { status, body } = await process.call('POST', '/api/v1/instances', wish, key)
      return status === 201 && body.data.id
    }, 2 * minuteMs)
  const instances = async (process: Process) => (await process.call('GET', '/api/v1/instances')).body.data

  /** The process dies on its way to a machine; the next one takes over. */
  async function diesLaunching(at: (point: Point) => boolean): Promise<{ id: string; process: Process }> {
    const id = await launch(dying)
    dying.dieAt(at)
    await dying.untilDeath(5 * minuteMs)
    next = await aProcess(ground)
    return { id, process: next }
  }

  async function endsWell(process: Process, id: string): Promise<void> {
    expect((await process.call('DELETE', `/api/v1/instances/${id}`)).status).toBe(200)
    await process.untilStatus(id, 'terminated', 20 * minuteMs)
    expect(billing()).toEqual([])
    await expectLedgerHoldsTheBill(process, name, id)
  }

  test('before the wish is committed: nothing is left, and the same key makes it', async () => {
    dying.dieAt(before(/insert into "instances"/))
    expect(await dying.ask('POST', '/api/v1/instances', wish, key)).toBeUndefined()
    next = await aProcess(ground)
    expect(await instances(next)).toEqual([])

    const id = await launch(next)
    await next.untilStatus(id, 'ready', longEnough)
    expect(await launch(next)).toBe(id)
    expect(await instances(next)).toHaveLength(1)
    expect(machines()).toHaveLength(1)
    await endsWell(next, id)
  })

  test('after the wish, before its answer: the launch proceeds, and the same key answers it', async () => {
    dying.dieAt(after(/insert into "instances"/))
    expect(await dying.ask('POST', '/api/v1/instances', wish, key)).toBeUndefined()
    next = await aProcess(ground)
    const [{ id }] = await instances(next)
    expect(await launch(next)).toBe(id)
    await next.untilStatus(id, 'ready', longEnough)
    expect(machines().map(({ label }) => attemptOf(label))).toEqual([1])
    await endsWell(next, id)
  })

  test('after the wish, before the intent: the launch proceeds', async () => {
    const { id, process } = await diesLaunching(before(/insert into "launches"/))
    expect(await process.instance(id)).toMatchObject({ status: 'requested', attempt: 0 })
    await process.untilStatus(id, 'ready', longEnough)
    expect(machines().map(({ label }) => attemptOf(label))).toEqual([1])
    await endsWell(process, id)
  })

  test('after the intent, before the call: the next attempt, once the list lag is over', async () => {
    const { id, process } = await diesLaunching(after(/insert into "launches"/))
    const intendedAt = ground.clock.now()
    expect(await process.instance(id)).toMatchObject({ status: 'launching', attempt: 1 })
    expect(machines()).toEqual([])

    await process.until(async () => (await process.instance(id)).attempt === 2, longEnough)
    expect(ground.clock.now() - intendedAt).toBeGreaterThan(launchDeadlineMs + listLagMs)
    await process.untilStatus(id, 'ready', longEnough)
    expect(machines().map(({ label }) => attemptOf(label))).toEqual([2])
    await endsWell(process, id)
  })

  test('during the call: the machine is found by its label and adopted, however late the list shows it', async () => {
    ground.order(name, 'list-lag', { ms: listLagMs - secondMs })
    const { id, process } = await diesLaunching((point) => point.kind === 'request' && point.made)
    expect(await process.instance(id)).toMatchObject({ status: 'launching', attempt: 1 })
    expect(machines()).toHaveLength(1)

    await process.untilStatus(id, 'ready', longEnough)
    expect(machines().map(({ label }) => attemptOf(label))).toEqual([1])
    await endsWell(process, id)
  })

  test('after the reply, before it is stored: the machine is found by its label and adopted', async () => {
    let isMade = false
    const { id, process } = await diesLaunching((point) => {
      if (point.kind === 'request') isMade ||= point.made
      return isMade && point.kind === 'statement' && /update "launches"/.test(point.sql)
    })
    expect(await process.instance(id)).toMatchObject({ status: 'launching', attempt: 1, provider_id: null })
    await process.untilStatus(id, 'ready', longEnough)
    expect(machines().map(({ label }) => attemptOf(label))).toEqual([1])
    await endsWell(process, id)
  })

  describe('before an order is confirmed', () => {
    const orders = [
      { where: 'before the order reaches the marketplace', when: 'before' },
      { where: 'when it was carried out and nobody heard', when: 'after' },
    ] as const
    const anyOrder = (when: 'before' | 'after') => (point: Point) =>
      point.kind === 'request' && point.when === when && point.method !== 'GET'
    let id: string

    beforeEach(async () => {
      id = await launch(dying)
      await dying.untilStatus(id, 'ready', longEnough)
    })

    test.each(orders)('to terminate, $where: repeated until the marketplace confirms', async ({ when }) => {
      expect((await dying.call('DELETE', `/api/v1/instances/${id}`)).status).toBe(200)
      dying.dieAt(anyOrder(when))
      await dying.untilDeath(minuteMs)
      next = await aProcess(ground)
      expect((await next.instance(id)).status).toBe('terminating')
      await next.untilStatus(id, 'terminated', 20 * minuteMs)
      expect(billing()).toEqual([])
      await expectLedgerHoldsTheBill(next, name, id)
    })

    test.each(canStop ? orders : [])('to stop, $where: repeated until the marketplace confirms', async ({ when }) => {
      expect((await dying.call('POST', `/api/v1/instances/${id}/stop`)).status).toBe(200)
      dying.dieAt(anyOrder(when))
      await dying.untilDeath(minuteMs)
      next = await aProcess(ground)
      expect((await next.instance(id)).status).toBe('stopping')
      await next.untilStatus(id, 'stopped', 20 * minuteMs)
      await endsWell(next, id)
    })

    test('between charge and status: the charge is computed again from its interval, nothing lost, nothing double', async () => {
      await dying.pass(5 * minuteMs)
      let isWritten = false
      dying.dieAt((point) => {
        if (point.kind !== 'statement') return false
        isWritten ||= point.when === 'after' && point.sql === 'commit' && point.earlier.some(isCharge)
        return isWritten && point.when === 'before' && /update "instances"/.test(point.sql)
      })
      await dying.untilDeath(5 * minuteMs)
      next = await aProcess(ground)
      await next.pass(5 * minuteMs)
      const { charges } = (await next.call('GET', `/api/v1/instances/${id}/costs`)).body.data
      const kinds = charges.map(({ kind }: ChargeView) => kind)
      expect(new Set(kinds).size).toBe(kinds.length)
      await endsWell(next, id)
    })
  })
})

describe('before a webhook is acknowledged', () => {
  let ground: Ground
  let next: Process | undefined
  let received: { id: string | undefined; body: string | undefined }[]
  afterEach(() => next?.close())

  test.each([
    { where: 'before it was sent', when: 'before', times: 1 },
    { where: 'when it was received and nobody heard', when: 'after', times: 2 },
  ] as const)('$where: it is delivered again under the same id', async ({ when, times }) => {
    received = []
    ground = await aGround({ providers: ['runpod'] })
    const markets = transportTo(ground.simulators, ground.clock)
    const transport: Transport = async (request) => {
      if (!request.url.startsWith('https://hooks.example.com/')) return markets(request)
      received.push({ id: request.headers['webhook-id'], body: request.body })
      return { status: 204, headers: {}, body: '' }
    }
    const dying = await aMortal(ground, { transport })
    const hook = { url: 'https://hooks.example.com/gpufleet', events: ['instance.*'] }
    expect((await dying.call('POST', '/api/v1/webhooks', hook)).status).toBe(201)
    const id = await dying.until(async () => {
      const wish = { provider: 'runpod', gpu_model: 'RTX 4090', image: 'ubuntu:24.04' }
      const { status, body } = await dying.call('POST', '/api/v1/instances', wish)
      return status === 201 && body.data.id
    }, 2 * minuteMs)
    dying.dieAt((point) => point.kind === 'request' && point.path === '/gpufleet' && point.when === when)
    await dying.untilDeath(minuteMs)
    const [first] = received

    next = await aProcess(ground, { transport })
    await next.untilStatus(id, 'ready', longEnough)
    await next.pass(5 * minuteMs)
    const ids = received.map((one) => one.id)
    const unheard = first ?? received[0]
    expect(received.filter((one) => one.id === unheard?.id)).toEqual(Array(times).fill(unheard))
    // Whatever else happened is told once.
    expect(new Set(ids).size).toBe(ids.length - (times - 1))
    expect(ids.length).toBeGreaterThan(2)
  })
})

const isCharge = (sql: string) => /(insert into|replace into|update) "charges"/.test(sql)

/** Before a transaction that says so is committed. */
function before(statement: RegExp): (point: Point) => boolean {
  return (point) =>
    point.kind === 'statement' &&
    point.when === 'before' &&
    point.sql === 'commit' &&
    point.earlier.some((sql) => statement.test(sql))
}

/** After it is, and before anybody hears of it. */
function after(statement: RegExp): (point: Point) => boolean {
  return (point) =>
    point.kind === 'statement' &&
    point.when === 'after' &&
    point.sql === 'commit' &&
    point.earlier.some((sql) => statement.test(sql))
}

function attemptOf(label: string | null): number {
  return Number(/-(\d+)$/.exec(label ?? '')?.[1])
}

interface ChargeView {
  kind: string
  amount_usd: string
  amount_at_least_usd: string
}

async function expectLedgerHoldsTheBill(process: Process, name: ProviderName, id: string): Promise<void> {
  const costs = (await process.call('GET', `/api/v1/instances/${id}/costs`)).body.data
  for (const kind of ['gpu', 'disk'] as const) {
    const ours = costs.charges.filter((charge: ChargeView) => charge.kind === kind)
    const sum = (field: 'amount_usd' | 'amount_at_least_usd') =>
      ours.reduce((total: bigint, charge: ChargeView) => total + nanosFromUsd(charge[field]), 0n)
    const bill = process
      .bill(name)
      .lines.filter((line) => line.kind === kind)
      .reduce((total, line) => total + BigInt(line.amount), 0n)
    expect(sum('amount_at_least_usd'), `${kind}: at least`).toBeLessThanOrEqual(bill)
    expect(sum('amount_usd'), `${kind}: at most`).toBeGreaterThanOrEqual(bill)
  }
}
