import type { Charge } from '../core/charges/charge.ts'
import type { Instance } from '../core/instances/instance.ts'
import type { Endpoint } from '../core/instances/machine.ts'
import { statuses } from '../core/instances/status.ts'
import { type Nanos, nanos } from '../core/money.ts'
import type { Offer } from '../core/offers/offer.ts'
import type { Clock } from '../core/time.ts'
import { isLeaving, type VastWord, vastWord, vllmPortOf } from '../core/vast-face/status-word.ts'
import { uptimeMs } from '../core/vast-face/uptime.ts'
import type { ChargeStore } from '../store/charges.ts'
import type { InstanceStore } from '../store/instances.ts'
import type { LaunchStore } from '../store/launches.ts'
import type { VastInstanceStore, VastLogEntry, VastSettings } from '../store/vast-instances.ts'
import { AppError, noSuchInstance } from './errors.ts'
import { type CostDeps, type InstanceBill, instanceCosts } from './instance-costs.ts'
import { type ActionDeps, getInstance, instanceToChange, providerOf, terminateInstance } from './instances.ts'
import { listInstances } from './list-instances.ts'
import type { Who } from './who.ts'

/** An instance at Vast, whichever face made it, with what contract 000 tells of one. */
export interface VastInstance {
  instance: Instance
  word: VastWord
  /** Whether the machine is up, whatever runs on it. */
  basicWord: VastWord
  vllm: { port: number; running: boolean } | null
  settings: VastSettings
  offer: Offer | null
  /** Everything that is billed per hour while it runs. */
  costPerHour: Nanos | null
  uptimeMs: number
  publicIp: string | null
  endpoints: readonly Endpoint[]
}

export interface VastReadDeps {
  instances: Pick<InstanceStore, 'get' | 'byMachine' | 'list'>
  charges: Pick<ChargeStore, 'ofInstance' | 'ofInstances'>
  vast: Pick<VastInstanceStore, 'settingsOf' | 'statusBefore' | 'log'>
  clock: Clock
}

/** By our id, by `vast_<n>`, or by Vast's own number. */
export async function getVastInstance(id: string, who: Who, deps: VastReadDeps): Promise<VastInstance> {
  const instance = await bareVastInstance(id, who, deps)
  const [one] = await withParticulars([instance], await deps.charges.ofInstance(instance.id), deps)
  if (one === undefined) throw noSuchInstance(id)
  return one
}

/** What is of another marketplace is not there. */
export async function bareVastInstance(
  id: string,
  who: Who,
  deps: { instances: Pick<InstanceStore, 'get' | 'byMachine'> },
): Promise<Instance> {
  return ofVast(await getInstance(withProvider(id), who, deps), id)
}

/** To change it: a machine's number counts only while the machine is its own. */
async function vastInstanceToChange(
  id: string,
  who: Who,
  deps: { instances: Pick<InstanceStore, 'get' | 'byMachine'> },
): Promise<Instance> {
  return ofVast(await instanceToChange(withProvider(id), who, deps), id)
}

function withProvider(id: string): string {
  return /^\d+$/.test(id) ? `vast_${id}` : id
}

function ofVast(instance: Instance, id: string): Instance {
  if (providerNameOf(instance) !== 'vast') throw noSuchInstance(id)
  return instance
}

export interface VastListQuery {
  word: VastWord | null
  sortBy: 'created_at' | 'cost'
  includeDestroyed: boolean
}

/** Newest first, or the cheapest per hour first. */
export async function listVastInstances(query: VastListQuery, who: Who, deps: VastReadDeps): Promise<VastInstance[]> {
  const found: VastInstance[] = []
  const hidesEnded = query.word === null && !query.includeDestroyed
  const asked = { provider: 'vast', limit: pageSize, ...(hidesEnded && { statuses: notEnded }) }
  let before: Parameters<typeof listInstances>[0]['before'] | null
  do {
    const page = await listInstances({ ...asked, ...(before && { before }) }, who, deps)
    found.push(...(await withParticulars(page.instances, [...page.charges.values()].flat(), deps)))
    before = page.next
  } while (before !== null)
  const wanted = query.word === null ? found : found.filter(({ word }) => word === query.word)
  return query.sortBy === 'cost' ? wanted.toSorted(cheapestFirst) : wanted
}

/** What is stopped is billed, and what failed wants to be seen: only what was destroyed is out of sight. */
const notEnded = statuses.filter((status) => status !== 'terminated')
const pageSize = 500

function cheapestFirst(one: VastInstance, other: VastInstance): number {
  const [a, b] = [one.costPerHour, other.costPerHour]
  // What nobody knows the price of comes last.
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return a < b ? -1 : a > b ? 1 : 0
}

export async function vastCosts(
  id: string,
  who: Who,
  deps: VastReadDeps & CostDeps,
): Promise<{ one: VastInstance; bill: InstanceBill }> {
  const one = await getVastInstance(id, who, deps)
  return { one, bill: await instanceCosts(one.instance.id, who, deps) }
}

export async function endVastInstance(id: string, who: Who, deps: ActionDeps): Promise<Instance> {
  const { id: ours } = await vastInstanceToChange(id, who, deps)
  return terminateInstance(ours, who, deps)
}

export async function vastLog(
  id: string,
  page: { limit: number; offset: number },
  who: Who,
  deps: VastReadDeps,
): Promise<{ instance: Instance; entries: VastLogEntry[]; total: number }> {
  const instance = await bareVastInstance(id, who, deps)
  return { instance, ...(await deps.vast.log(instance.id, page)) }
}

/** Asks Vast where its ports are reached now, and writes that down. */
export async function updateVastPorts(
  id: string,
  who: Who,
  deps: VastReadDeps & Pick<ActionDeps, 'providers'> & { launches: Pick<LaunchStore, 'recordFacts'> },
): Promise<VastInstance> {
  const instance = await vastInstanceToChange(id, who, deps)
  const provider = providerOf(instance, deps.providers)
  const externalId = instance.launch?.externalId
  if (instance.launch === null || externalId == null) {
    throw new AppError('not_allowed_now', `instance ${instance.id} has no machine yet: it is ${instance.status}`, {
      fix: 'wait until it is running',
    })
  }
  const sighting = await provider.lookAt(externalId)
  if (sighting.kind === 'seen') {
    const { ssh, endpoints } = sighting.machine
    await deps.launches.recordFacts(instance.launch, { ssh, endpoints })
  }
  return getVastInstance(instance.id, who, deps)
}

async function withParticulars(
  instances: readonly Instance[],
  charges: readonly Charge[],
  deps: Pick<VastReadDeps, 'vast' | 'clock'>,
): Promise<VastInstance[]> {
  const leaving = instances.filter(({ status }) => isLeaving(status)).map(({ id }) => id)
  const [settings, before] = await Promise.all([
    deps.vast.settingsOf(instances.map(({ id }) => id)),
    deps.vast.statusBefore(leaving),
  ])
  const byInstance = Map.groupBy(charges, (charge) => charge.instanceId)
  const now = deps.clock.now()
  return instances.map((instance): VastInstance => {
    const { launch, status, id } = instance
    const port = vllmPortOf(instance)
    const seen = { status, before: before.get(id) ?? null }
    const ssh = launch?.ssh ?? launch?.lastAddresses?.ssh ?? null
    const shown = launch?.endpoints ?? []
    const endpoints = shown.length > 0 ? shown : (launch?.lastAddresses?.endpoints ?? [])
    return {
      instance,
      word: vastWord({ ...seen, servesVllm: port !== null }),
      basicWord: vastWord({ ...seen, servesVllm: false }),
      vllm: port === null ? null : { port, running: status === 'ready' },
      settings: settings.get(id) ?? noSettings,
      offer: launch?.offer ?? instance.wish.expected?.offer ?? null,
      costPerHour: costPerHour(instance),
      uptimeMs: uptimeMs(byInstance.get(id) ?? [], now),
      publicIp: endpoints[0]?.host ?? ssh?.host ?? null,
      endpoints,
    }
  })
}

const noSettings: VastSettings = { autoDestroy: false, startCommand: null, modelName: null, maxModelLen: null }

function providerNameOf({ launch, wish }: Instance) {
  return launch?.provider ?? wish.provider ?? wish.expected?.offer.provider
}

/** As it was chosen, with the GPUs' price that the machine shows. */
function costPerHour({ launch, wish }: Instance): Nanos | null {
  if (launch === null) return wish.expected?.price ?? null
  const { comparablePrice, pricePerHour, offer } = launch
  return pricePerHour === null ? comparablePrice : nanos(comparablePrice + pricePerHour - offer.pricePerHour)
}
