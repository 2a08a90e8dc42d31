/**
 * One client against its simulator, in one process and on one clock that only moves when told to. The client goes through
 * the real outbound client; nothing in here knows a marketplace.
 */

import { inspect } from 'node:util'
import { expect } from 'vitest'
import type { BillLine } from '../../../../simulators/kit/bill.ts'
import { clockFrom } from '../../../../simulators/kit/clock.ts'
import { controlled, type Simulator } from '../../../../simulators/kit/controlled.ts'
import type { Fault } from '../../../../simulators/kit/faults.ts'
import type { MachineReport, SimReply, SimRequest } from '../../../../simulators/kit/simulator.ts'
import { createGpuCatalogue } from '../../core/gpus/catalogue.ts'
import type { Machine } from '../../core/instances/machine.ts'
import type { Market, Offer } from '../../core/offers/offer.ts'
import { Secret } from '../../core/secret.ts'
import { collectingLog, type LogLine } from '../../observability/collecting-log.ts'
import { createMetrics } from '../../observability/metrics.ts'
import { createRedactor } from '../../observability/redaction.ts'
import { createOutbound } from '../../outbound/http-client.ts'
import { type Transport, TransportError } from '../../outbound/transport.ts'
import { type VirtualClock, virtualClock } from '../../testing/virtual-clock.ts'
import { type LaunchOrder, type Provider, ProviderError, type ProviderFailure } from '../provider.ts'
import type { Case } from './cases.ts'

export interface Rig {
  provider: Provider
  clock: VirtualClock
  simulator: Simulator
  lines: readonly LogLine[]
  /** Waits for the work; the clock jumps whenever all of it sleeps. */
  done<T>(work: Promise<T>): Promise<T>
  /** The failure that the work ends with. A success is a failed test. */
  failure(work: Promise<unknown>): Promise<ProviderFailure>
  pass(ms: number): Promise<void>
  /** Lets time pass until the condition holds. @throws after `withinMs` */
  until<T>(condition: () => Promise<T | undefined | false>, withinMs: number): Promise<T>
  order(control: string, body?: unknown): Record<string, unknown>
  fault(fault: Fault): void
  faultless(): void
  /** Every request, or only that one, is refused with this status in a sentence that repeats which of these were in it. */
  repeating(status: number | null, among?: readonly string[], only?: { method: string; path: string }): void
  /** Cuts the line: nothing is sent any more. */
  cut(isCut: boolean): void
  /** The same account, seen by a process that has just started. `apiKey` other than the right one for a wrong key. */
  another(apiKey?: string): Provider
  /** What went out, in order. */
  sent: { method: string; url: string; headers: Record<string, string>; body: string | undefined }[]
  bill(): BillLine[]
  /** The bill after each reply since it was last emptied. */
  billsAtReplies: BillLine[][]
  /** Machines that the marketplace has, those of others left out. */
  ours(): MachineReport[]
  anOffer(market?: Market): Promise<Offer>
  launch(changes?: Partial<LaunchOrder>): Promise<{ externalId: string; order: LaunchOrder }>
  running(changes?: Partial<LaunchOrder>): Promise<{ machine: Machine; order: LaunchOrder }>
  seen(externalId: string): Promise<Machine>
}

export const apiKey = 'key-5f2c9a71d0e84b36-of-the-contract-suite'
export const wrongKey = 'key-0000000000000000-that-nobody-knows'
export const publicKey =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIContractContractContractContractContractCon contract@suite'
export const token = 'hf_contract_9d1c6b3e_must_not_show'
export const onstart = 'echo "the contract suite was here" > /tmp/contract'

export function anOrder(offer: Offer, changes: Partial<LaunchOrder> = {}): LaunchOrder {
  return {
    label: 'gf-contract-inst_01-1',
    offer,
    image: 'vllm/vllm-openai:latest',
    registryAuth: null,
    environment: { HF_TOKEN: token },
    ports: [{ containerPort: 8000, protocol: 'tcp' }],
    sshPublicKey: publicKey,
    onstartScript: null,
    diskGb: 50,
    bidPerHour: null,
    ...changes,
  }
}

export function aRig(marketplace: Case, options: { calm?: boolean; seed?: number } = {}): Rig {
  const clock = virtualClock()
  const simClock = clockFrom(clock.now)
  const simulator = controlled(marketplace.simulate({ clock: simClock, seed: options.seed ?? 7, apiKey }), simClock)
  const log = collectingLog()
  const billsAtReplies: BillLine[][] = []
  const sent: Rig['sent'] = []
  let isCut = false
  let repeating: { status: number; among: readonly string[]; only?: { method: string; path: string } } | null = null
  let crash: unknown

  /** A simulator that crashes is a broken simulator, not a broken connection. */
  function answered(request: SimRequest): SimReply {
    try {
      return simulator.handle(request)
    } catch (error) {
      crash ??= error
      throw error
    }
  }

  function throwCrash(): void {
    if (crash !== undefined) throw new Error('the simulator crashed', { cause: crash })
  }

  const transport: Transport = async ({ method, url, headers, body, signal }) => {
    if (isCut) throw new TransportError('not_sent', 'ECONNREFUSED')
    const { pathname, searchParams } = new URL(url)
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
    sent.push({ method, url, headers: lower, body })
    const { only } = repeating ?? {}
    if (repeating !== null && (!only || (method === only.method && pathname.includes(only.path)))) {
      const whole = [url, ...Object.values(lower), body ?? ''].join(' ')
      // At the beginning, because long sentences are cut.
      return refusalSaying(`no: ${repeating.among.filter((one) => whole.includes(one)).join(' ')}`, repeating.status)
    }
    const reply = answered({ method, path: pathname, query: searchParams, headers: lower, body: body ?? '' })
    billsAtReplies.push(simulator.marketplace.bill().lines)
    if (reply.delayMs) await clock.sleep(reply.delayMs, signal)
    if (reply.dropped) throw new TransportError('network', 'the connection broke')
    return { status: reply.status, headers: reply.headers, body: reply.body }
  }

  const another: Rig['another'] = (key = apiKey) =>
    marketplace.create({
      outbound: createOutbound({
        clock,
        transport,
        metrics: createMetrics({ process: false }),
        log,
        redactor: createRedactor(),
        userAgent: 'gpufleet/contract',
      }),
      clock,
      gpus: createGpuCatalogue(),
      baseUrl: `http://${marketplace.provider}.simulated`,
      apiKey: new Secret(key),
      account: 'main',
    })

  const rig: Rig = {
    provider: another(),
    clock,
    simulator,
    lines: log.lines,
    billsAtReplies,
    sent,
    another,
    done: (work) => clock.drive(work.finally(throwCrash)),
    async failure(work) {
      const thrown = await rig.done(
        work.then(
          (value) => ({ value }),
          (error: unknown) => ({ error }),
        ),
      )
      if (!('error' in thrown)) throw new Error(`no failure, but ${inspect(thrown.value, { depth: 2 })}`)
      if (!(thrown.error instanceof ProviderError)) throw thrown.error
      expect(thrown.error.provider).toBe(marketplace.provider)
      expect(thrown.error.message).not.toBe('')
      return thrown.error.failure
    },
    pass: (ms) => clock.advance(ms),
    async until(condition, withinMs) {
      for (const end = clock.now() + withinMs; ; ) {
        const found = await condition()
        if (found) return found
        if (clock.now() >= end) throw new Error(`it did not happen within ${withinMs / 1000} s of simulated time`)
        await clock.advance(5_000)
      }
    },
    order(control, body = {}) {
      const reply = simulator.handle({
        method: 'POST',
        path: `/_control/${control}`,
        query: new URLSearchParams(),
        headers: {},
        body: JSON.stringify(body),
      })
      if (reply.status !== 200) throw new Error(`${marketplace.name} ${control}: ${reply.body}`)
      return JSON.parse(reply.body)
    },
    fault: (fault) => simulator.faults.add(fault),
    faultless: () => simulator.faults.clear(),
    repeating: (status, among = [], only) => {
      repeating = status === null ? null : { status, among, ...(only && { only }) }
    },
    cut: (cut) => {
      isCut = cut
    },
    bill: () => simulator.marketplace.bill().lines,
    ours: () => simulator.marketplace.machines().filter(({ label }) => label?.startsWith('gf-') ?? false),
    async anOffer(market = 'on_demand') {
      const { offers } = await rig.done(
        rig.provider.searchOffers({ models: [marketplace.model], markets: [market], diskGb: 50 }),
      )
      const offer = offers
        .filter((one) => one.available && one.market === market && one.gpu.count === 1)
        .sort((one, other) => Number(one.pricePerHour - other.pricePerHour))[0]
      if (!offer) throw new Error(`${marketplace.name} has no ${marketplace.model} on ${market}`)
      return offer
    },
    async launch(changes = {}) {
      const offer = changes.offer ?? (await rig.anOffer())
      const order = anOrder(offer, changes)
      const { externalId } = await rig.done(rig.provider.launch(order))
      return { externalId, order }
    },
    async running(changes = {}) {
      const { externalId, order } = await rig.launch(changes)
      const machine = await rig.until(async () => {
        const { machines } = await rig.done(rig.provider.look())
        return machines.find((one) => one.externalId === externalId && one.phase === 'running')
      }, rig.provider.describe().abilities.startDeadlineMs)
      return { machine, order }
    },
    async seen(externalId) {
      const sighting = await rig.done(rig.provider.lookAt(externalId))
      if (sighting.kind !== 'seen') throw new Error(`${externalId} is ${JSON.stringify(sighting)}`)
      return sighting.machine
    },
  }
  if (options.calm !== false) marketplace.calm(rig)
  return rig
}

/** Everything that the marketplace knows, with what is packed in base64 unpacked beside it. */
export function everythingIn(rig: Rig, machineId: string, marketplace: Case): string {
  let text = marketplace.inside(rig, machineId)
  for (let found = text, depth = 0; depth < 3 && found !== ''; depth += 1) {
    const packed = found.match(/[A-Za-z0-9+/]{24,}={0,2}/g) ?? []
    found = packed.map((part) => Buffer.from(part, 'base64').toString('utf8')).join('\n')
    text += `\n${found}`
  }
  return text
}

/** All that somebody could find in it. */
export function everythingOf(value: unknown): string {
  const json = JSON.stringify(value, (_, one) => {
    if (typeof one === 'bigint') return String(one)
    return one instanceof Error ? { ...one, message: one.message } : one
  })
  return [inspect(value, { depth: 12 }), json, value instanceof Error ? value.stack : ''].join('\n')
}

/** As their errors look, all in one: the sentence wherever some marketplace has one. */
function refusalSaying(said: string, status: number) {
  const body = JSON.stringify({
    success: false,
    title: 'Bad Request',
    detail: said,
    errors: [said, { message: said }],
    code: 'BAD_REQUEST',
    reason: 'VALIDATOR_PARAM',
    message: said,
    msg: said,
    error: { code: 'global/invalid-parameters', message: said, suggestion: said },
  })
  return { status, headers: { 'content-type': 'application/json' }, body }
}
