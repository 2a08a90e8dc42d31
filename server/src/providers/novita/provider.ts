import type { Machine } from '../../core/instances/machine.ts'
import type { Offer } from '../../core/offers/offer.ts'
import { type Instant, minuteMs, secondMs } from '../../core/time.ts'
import { type OfferSearch, type Provider, ProviderError } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { balanceFromNovita, billFromNovita } from './bills.ts'
import { createNovitaClient } from './client.ts'
import { novitaDescription, novitaRateLimits } from './description.ts'
import { wholeFleet } from './fleet.ts'
import { launchBodyFromOrder } from './launch-body.ts'
import { agreedRateFrom, contradictsPullingStart, machineFromNovita } from './machines.ts'
import { handleFrom, offerFromNovita, offersFromNovita, readCluster, readProduct } from './offers.ts'
import { PriceBook } from './price-book.ts'
import { novitaCodesIn, regionFromNovita } from './regions.ts'
import type { NovitaAction } from './requests.ts'
import { SshBook } from './ssh-book.ts'
import { templateFromNovita } from './templates.ts'
import { thingsFromNovita } from './things.ts'
import type { NovitaCluster, NovitaInstance } from './wire.ts'

/** @source novita.md 5: "public tools cap at 5 parallel" */
const searchesAtOnce = 5

/** A look stays one call for many machines: what else it has to ask is asked of a few at a time. */
const extraReads = { ssh: 3, clusters: 2, clusterEveryMs: 10 * minuteMs }

/** @source novita.md 5: after "invalid state change" others wait 2 s and read again */
const rereads = { tries: 2, everyMs: 2 * secondMs }

/** @source novita.md 1: the same 429 also means the quota of GPUs; "after 3 tries on create classify as quota" */
const createRefusals = { beforeQuota: 3, firstPauseMs: secondMs, longestPauseMs: 30 * secondMs }

export function createNovitaProvider(deps: ProviderDeps): Provider {
  const client = createNovitaClient(deps)
  const { clock, gpus } = deps
  const prices = new PriceBook()
  const addresses = new SshBook()
  const clustersShown = new Set<string>()
  /** Our model names by their spelling, as searches showed them: the catalogue names only what was seen when it was made. */
  const modelsShown = new Map<string, string>()
  const clusterAskedAt = new Map<string, Instant>()
  let startedAtMeans: 'pulling' | 'running' = 'pulling'
  let refusedCreates = 0

  function machineFrom(wire: NovitaInstance): Machine {
    const machine = machineFromNovita(wire, { now: clock.now(), rateOf: (one) => prices.rateOf(one), startedAtMeans })
    return machine.phase === 'running' && machine.ssh === null
      ? { ...machine, ssh: addresses.addressOf(wire) }
      : machine
  }

  /** Best effort: a look is good without it. */
  async function readAddresses(fleet: readonly NovitaInstance[], signal: AbortSignal | undefined): Promise<void> {
    addresses.keepOnly(fleet)
    for (const listed of addresses.toRead(fleet, extraReads.ssh)) {
      addresses.learn(listed, await client.one(listed.id, signal).catch(ignoreTrouble))
    }
  }

  /** Prices for machines that do not carry their own; best effort as well. */
  async function readPrices(fleet: readonly NovitaInstance[], signal: AbortSignal | undefined): Promise<void> {
    const now = clock.now()
    const clusters = fleet
      .filter((wire) => wire.gpuNum && wire.clusterId !== '' && wire.billingMode !== 'monthly')
      .filter((wire) => agreedRateFrom(wire) === null && prices.rateOf(wire) === null)
      .map(({ clusterId }) => clusterId)
      .filter((id) => now - (clusterAskedAt.get(id) ?? Number.NEGATIVE_INFINITY) >= extraReads.clusterEveryMs)
    for (const clusterId of [...new Set(clusters)].slice(0, extraReads.clusters)) {
      clusterAskedAt.set(clusterId, now)
      for (const raw of (await client.products({ clusterId }, signal).catch(ignoreTrouble)) ?? []) {
        const read = readProduct(raw)
        if ('row' in read) prices.learn(read.row, clusterId)
      }
    }
  }

  /**
   * "Invalid state change" is no proof of failure: an earlier call may have worked, and its effect may show late. So the
   * machine decides.
   */
  async function act(action: NovitaAction, externalId: string, signal: AbortSignal | undefined): Promise<void> {
    if (action === 'start' || action === 'restart') addresses.forget(externalId)
    const answer = await client.act(action, externalId, signal)
    if (answer === 'accepted' || (answer === 'gone' && action === 'delete')) return
    if (answer === 'gone') throw notNow(`Novita ${action}: there is no such instance any more`)
    let status = ''
    for (let attempt = 1; attempt <= rereads.tries; attempt++) {
      if (attempt > 1) await clock.sleep(rereads.everyMs, signal)
      status = (await client.one(externalId, signal))?.status ?? 'removed'
      if (doneOrUnderWay[action].has(status)) return
    }
    throw notNow(`Novita ${action}: not possible while the instance is ${status}`)
  }

  return {
    name: 'novita',
    account: deps.account,
    describe: () => novitaDescription,
    limits: () => Object.values(novitaRateLimits),

    /** Prices and stock are true for one cluster only, so each is asked for its own. */
    async searchOffers(query, signal) {
      const skipped = new Map<string, number>()
      const skip = (reason: string) => skipped.set(reason, (skipped.get(reason) ?? 0) + 1)

      const clusters: NovitaCluster[] = []
      for (const raw of await client.clusters(signal)) {
        const read = readCluster(raw)
        if ('skipped' in read) skip(read.skipped)
        else clusters.push(read.row)
      }
      for (const { name } of clusters) if (name !== '') clustersShown.add(name)

      const offers: Offer[] = []
      await each(clusters, searchesAtOnce, async (cluster) => {
        const rows = await client.products({ clusterId: cluster.id }, signal)
        const seenAt = clock.now()
        for (const raw of rows) {
          const read = readProduct(raw)
          if ('skipped' in read) {
            skip(read.skipped)
            continue
          }
          prices.learn(read.row, cluster.id)
          const ofProduct = offersFromNovita(read.row, { cluster, gpus, seenAt })
          for (const { gpu } of ofProduct) if (gpu.known) modelsShown.set(gpu.spelling, gpu.model)
          offers.push(...ofProduct)
        }
      })
      const search: OfferSearch = {
        offers: offers.filter(
          ({ market, gpu }) =>
            query.markets.includes(market) && (query.models.length === 0 || query.models.includes(gpu.model)),
        ),
        skipped: Object.fromEntries(skipped),
        sampled: false,
      }
      return search
    },

    async quote(offer, order, signal) {
      const handle = handleFrom(offer.externalId)
      if (handle === undefined) throw rejected('this is not a Novita offer: choose one from a new search')
      const { clusterId, gpuNum, productId } = handle
      // The display name is shown only by /clusters, and the offer has it already.
      const cluster = { id: clusterId, name: offer.location }
      for (const raw of await client.products({ clusterId, gpuNum }, signal)) {
        const read = readProduct(raw)
        if ('skipped' in read || read.row.id !== productId) continue
        prices.learn(read.row, clusterId)
        const place = { market: offer.market, gpuNum }
        const now = offerFromNovita(read.row, place, { cluster, gpus, seenAt: clock.now() })
        if (now?.available && (now.disk.maxGb === null || now.disk.maxGb >= order.diskGb)) return now
      }
      throw new ProviderError(
        'novita',
        { kind: 'no_capacity' },
        `Novita offer ${offer.externalId} is no longer on sale with ${order.diskGb} GB of disk`,
      )
    },

    /** Creating starts the machine; there is no start call to add. The answer does not name the price. */
    async launch(order, signal) {
      const body = launchBodyFromOrder(order)
      try {
        const externalId = await client.create(body, signal)
        refusedCreates = 0
        return { externalId, pricePerHour: null }
      } catch (error) {
        if (!isRefusedByThem(error)) throw error
        refusedCreates += 1
        throw refusedCreate(error, refusedCreates)
      }
    },

    async look(signal) {
      const fleet = await wholeFleet(client, signal)
      const at = clock.now()
      await readAddresses(fleet, signal)
      await readPrices(fleet, signal)
      if (fleet.some(contradictsPullingStart)) startedAtMeans = 'running'
      return { machines: fleet.map(machineFrom), at }
    },

    async lookAt(externalId, signal) {
      const wire = await client.one(externalId, signal)
      const at = clock.now()
      if (wire === null) return { kind: 'absent', at }
      if (wire.id !== externalId) {
        return { kind: 'unknown', at, why: 'Novita showed another instance than the one asked for' }
      }
      if (wire.status === 'removed') return { kind: 'absent', at }
      await readPrices([wire], signal)
      if (contradictsPullingStart(wire)) startedAtMeans = 'running'
      return { kind: 'seen', machine: machineFrom(wire), at }
    },

    stop: (externalId, signal) => act('stop', externalId, signal),
    start: (externalId, signal) => act('start', externalId, signal),
    restart: (externalId, signal) => act('restart', externalId, signal),

    /** The disk goes with it. Nothing else bills: we make no volumes. */
    terminate: (externalId, signal) => act('delete', externalId, signal),

    lookAround: (signal) => thingsFromNovita(client, () => wholeFleet(client, signal), signal),

    async endThing({ kind, externalId }, signal) {
      if (kind !== 'volume') throw rejected(`Novita sells nothing of the kind ${kind}: see its console`)
      await client.endStorage(externalId, signal)
    },

    bill: (period, signal) => billFromNovita(client, period, clock.now(), signal),

    async changeBid() {
      throw rejected('Novita has no bids: its spot price is fixed when a machine is rented')
    },

    async logs() {
      throw rejected(
        'Novita documents no way to read logs: open them in its console, or read them in the machine by SSH',
      )
    },

    async sshKeys() {
      throw rejected('Novita has no list of SSH keys: give the key with the launch')
    },

    async addSshKey() {
      throw rejected('Novita has no list of SSH keys: give the key with the launch')
    },

    template: (id, signal) => templateFromNovita(id, client, signal),

    async balance(signal) {
      return balanceFromNovita(await client.balance(signal))
    },

    gpuSpellings(model) {
      const shown = [...modelsShown.keys()].filter((spelling) => modelsShown.get(spelling) === model)
      const spellings = new Set([...gpus.spellingsOf(model, 'novita'), ...shown])
      if (spellings.size === 0) throw new RangeError(`Novita does not sell ${model}`)
      return [...spellings]
    },

    regionSpellings(region) {
      const codes = novitaCodesIn(region, clustersShown)
      if (codes.length === 0) throw new RangeError(`Novita has no region ${region}`)
      return codes
    },

    regionFrom(spelling) {
      const region = regionFromNovita(spelling)
      if (region === undefined) throw new RangeError(`no region of ours for the Novita cluster ${spelling}`)
      return region
    },
  }
}

/** What a machine shows when an order was already carried out, or is under way. */
const doneOrUnderWay: Readonly<Record<NovitaAction, ReadonlySet<string>>> = {
  stop: new Set(['toStop', 'stopping', 'exited', 'toRemove', 'removing', 'removed']),
  start: new Set([
    'pending',
    'toCreate',
    'creating',
    'pulling',
    'toStart',
    'starting',
    'running',
    'toRestart',
    'restarting',
  ]),
  restart: new Set(['toRestart', 'restarting']),
  delete: new Set(['toRemove', 'removing', 'removed']),
}

/** A 429 of theirs, not a wait of ours. */
function isRefusedByThem(error: unknown): error is ProviderError {
  return error instanceof ProviderError && error.kind === 'rate_limited' && error.cause === undefined
}

function refusedCreate(error: ProviderError, refusals: number): ProviderError {
  if (refusals >= createRefusals.beforeQuota) {
    const message = `${error.message}; refused ${refusals} times in a row, which on Novita also means the quota of GPUs: ask its support, or use fewer machines`
    return new ProviderError('novita', { kind: 'no_money' }, message, { cause: error })
  }
  const asked = error.failure.kind === 'rate_limited' ? error.failure.retryAfterMs : 0
  const backoff = Math.min(createRefusals.firstPauseMs * 2 ** (refusals - 1), createRefusals.longestPauseMs)
  const failure = { kind: 'rate_limited', retryAfterMs: Math.max(asked, backoff) } as const
  return new ProviderError('novita', failure, error.message, { cause: error })
}

function ignoreTrouble(error: unknown): null {
  if (error instanceof ProviderError) return null
  throw error
}

function notNow(message: string): ProviderError {
  return new ProviderError('novita', { kind: 'not_now' }, message)
}

function rejected(message: string): ProviderError {
  return new ProviderError('novita', { kind: 'rejected' }, message)
}

/** Everything once, at most `atOnce` at a time; the first error ends it, and what is under way is not waited for. */
async function each<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items]
  let over = false
  async function worker(): Promise<void> {
    for (let item = waiting.shift(); item !== undefined && !over; item = waiting.shift()) await work(item)
  }
  const workers = Array.from({ length: Math.min(atOnce, items.length) }, worker)
  try {
    await Promise.all(workers)
  } finally {
    over = true
  }
}
