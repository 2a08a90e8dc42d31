import { nanos, nanosFromUsd } from '../../core/money.ts'
import { type Offer, offerKey } from '../../core/offers/offer.ts'
import { type Instant, minuteMs } from '../../core/time.ts'
import { type OfferSearch, type Provider, ProviderError, type SshKey } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { billFromVast } from './bill.ts'
import { createVastClient, type VastClient } from './client.ts'
import { vastDescription, vastRateLimits } from './description.ts'
import { bidFrom, launchBodyFromOrder } from './launch-body.ts'
import { machineFromVast } from './machines.ts'
import { machineIdFrom, offerFromVast, offersFromVast, readVastOffer, type SearchType } from './offers.ts'
import { regionFromVast, vastPlacesIn } from './regions.ts'
import { listPageRows, searchPageRows, type VastSearch } from './requests.ts'
import { thingFromVast } from './things.ts'
import type { VastInstance, VastOffer } from './wire.ts'

/** A fleet of ten thousand machines; more pages than this is a list that never ends. */
const maxListPages = 400

/** Slow hosts need ten seconds and more to hand their lines over (providers/vast.md 2.9). */
const logWait = { tries: 25, everyMs: 1_000 }

export function createVastProvider(deps: ProviderDeps): Provider {
  const client = createVastClient(deps)
  const { clock, gpus } = deps
  /** Long pauses mean that the daily quota of search rows is used up; asking earlier is certain to be refused. */
  let searchClosedUntil: Instant = 0

  async function search(query: VastSearch, signal: AbortSignal | undefined) {
    const closedForMs = searchClosedUntil - clock.now()
    if (closedForMs > 0) {
      const failure = { kind: 'rate_limited', retryAfterMs: closedForMs } as const
      throw new ProviderError('vast', failure, 'Vast search: paused, the quota of search rows is used up')
    }
    try {
      return await client.search(query, signal)
    } catch (error) {
      const pauseMs = pauseAskedBy(error)
      if (pauseMs >= minuteMs) searchClosedUntil = clock.now() + pauseMs
      throw error
    }
  }

  /** One row of an offer as it stands now, found by its own id or else among the offers of its machine. */
  async function findRow(
    offer: Offer,
    diskGb: number,
    signal: AbortSignal | undefined,
  ): Promise<VastOffer | undefined> {
    const type = offer.market === 'spot' ? 'bid' : 'ondemand'
    const askId = Number(vastIdFrom(offer.externalId))
    const byAsk = await search({ type, diskGb, limit: 1, where: { ask_contract_id: { eq: askId } } }, signal).catch(
      ignoreRejected,
    )
    const row = byAsk && rowWithId(byAsk.offers, offer.externalId)
    const machineId = machineIdFrom(offer.placeKey)
    if (row || machineId === undefined) return row

    const where = { machine_id: { eq: Number(machineId) }, num_gpus: { eq: offer.gpu.count } }
    const byMachine = await search({ type, diskGb, limit: searchPageRows, where }, signal)
    return rowWithId(byMachine.offers, offer.externalId)
  }

  return {
    name: 'vast',
    account: deps.account,
    describe: () => vastDescription,
    limits: () => Object.values(vastRateLimits),

    /**
     * For each spelling the cheapest 64. One on-demand search tells both prices of a machine, so a second one, by bid, is
     * only sent when the first was cut short (the cheapest bids may be beyond the cut) or when only spot is wanted.
     */
    async searchOffers(query, signal) {
      const found = new Findings()
      const outrightWanted = query.markets.includes('on_demand')
      const spotWanted = query.markets.includes('spot')

      async function ask(type: SearchType, spelling: string | null): Promise<{ cut: boolean }> {
        const where = spelling === null ? {} : { gpu_name: { eq: spelling } }
        const answer = await search({ type, diskGb: query.diskGb, limit: searchPageRows, where }, signal)
        const seenAt = clock.now()
        for (const raw of answer.offers) {
          const read = readVastOffer(raw)
          if ('skipped' in read) found.skip(read.skipped)
          // Results were seen that break the filters they were asked with (gpuhunt#142).
          else if (spelling !== null && read.row.gpu_name !== spelling) found.skip('another_gpu')
          else found.add(offersFromVast(read.row, type, { gpus, seenAt }))
        }
        return { cut: answer.truncated === true || answer.offers.length >= searchPageRows }
      }

      for (const spelling of query.models.length === 0 ? [null] : searchSpellings(query.models, gpus)) {
        const outright = outrightWanted ? await ask('ondemand', spelling) : null
        const bids = spotWanted && (outright === null || outright.cut) ? await ask('bid', spelling) : null
        if (outright?.cut || bids?.cut) found.sampled = true
      }
      return found.on(query.markets)
    },

    async quote(offer, order, signal) {
      const row = await findRow(offer, order.diskGb, signal)
      const now = row && offerFromVast(row, offer.market, { gpus, seenAt: clock.now() })
      if (!now?.available || (now.disk.maxGb !== null && now.disk.maxGb < order.diskGb)) {
        throw new ProviderError('vast', { kind: 'no_capacity' }, `Vast offer ${offer.externalId} is no longer on sale`)
      }
      return now
    },

    async launch(order, signal) {
      const externalId = await client.launch(vastIdFrom(order.offer.externalId), launchBodyFromOrder(order), signal)
      // The answer does not name the price: read it from the machine.
      return { externalId, pricePerHour: null }
    },

    async look(signal) {
      const instances = await wholeFleet(client, signal)
      return { machines: instances.map(machineFromVast), at: clock.now() }
    },

    async lookAt(externalId, signal) {
      const id = vastIdFrom(externalId)
      const instance = await client.one(id, signal)
      const at = clock.now()
      if (instance === null) return { kind: 'absent', at }
      if (instance.id !== id) return { kind: 'unknown', at, why: 'Vast showed another instance than the one asked for' }
      return { kind: 'seen', machine: machineFromVast(instance), at }
    },

    async stop(externalId, signal) {
      await client.setState(vastIdFrom(externalId), 'stopped', signal)
    },

    /** A queued start counts as on the way: the machine shows as `pending`, and runs and bills once its GPU is free. */
    async start(externalId, signal) {
      await client.setState(vastIdFrom(externalId), 'running', signal)
    },

    async restart(externalId, signal) {
      await client.restart(vastIdFrom(externalId), signal)
    },

    /** The disk goes with it. Nothing else bills: we make no volumes. */
    async terminate(externalId, signal) {
      await client.terminate(vastIdFrom(externalId), signal)
    },

    /** Volumes. Static addresses, file systems and snapshots are not sold. */
    async lookAround(signal) {
      return (await client.volumes(signal)).map(thingFromVast)
    },

    async endThing({ kind, externalId }, signal) {
      if (kind !== 'volume') {
        throw new ProviderError('vast', { kind: 'rejected' }, `Vast sells nothing of the kind ${kind}: see its console`)
      }
      await client.endVolume(vastIdFrom(externalId), signal)
    },

    bill: (period, signal) => billFromVast(client, period, clock.now(), signal),

    async changeBid(externalId, bidPerHour, signal) {
      await client.changeBid(vastIdFrom(externalId), bidFrom(bidPerHour), signal)
    },

    async logs(externalId, { tail }, signal) {
      const url = await client.requestLogs(vastIdFrom(externalId), tail, signal)
      if (!mayDownloadFrom(url, deps.baseUrl)) {
        throw new ProviderError(
          'vast',
          { kind: 'unexpected_reply' },
          'Vast logs: the file is at an address we do not trust',
        )
      }
      for (let attempt = 1; attempt <= logWait.tries; attempt++) {
        const text = await client.downloadLogs(url, signal)
        if (text !== null) return lastLines(text, tail)
        if (attempt < logWait.tries) await clock.sleep(logWait.everyMs, signal)
      }
      throw new ProviderError(
        'vast',
        { kind: 'unavailable' },
        'Vast logs: the host has not handed them over yet, try again',
      )
    },

    async sshKeys(signal) {
      return (await client.sshKeys(signal)).filter((key) => !key.deleted).map(sshKeyFromVast)
    },

    async addSshKey({ publicKey }, signal) {
      const present = (await client.sshKeys(signal)).find((key) => !key.deleted && sameKey(key.publicKey, publicKey))
      return sshKeyFromVast(present ?? (await client.addSshKey(publicKey.trim(), signal)))
    },

    /** Which of the two is spendable depends on the account; their sum is (providers/vast.md 2.11). */
    async balance(signal) {
      const { balance, credit } = await client.account(signal)
      if (balance == null && credit == null) {
        throw new ProviderError(
          'vast',
          { kind: 'unexpected_reply' },
          'Vast account: neither balance nor credit in the answer',
        )
      }
      return nanos(nanosFromUsd(balance ?? 0) + nanosFromUsd(credit ?? 0))
    },

    gpuSpellings(model) {
      const spellings = [...gpus.spellingsOf(model, 'vast')]
      if (spellings.length === 0) throw new RangeError(`Vast does not sell ${model}`)
      return spellings
    },

    regionSpellings(region) {
      const places = vastPlacesIn(region)
      if (places.length === 0) throw new RangeError(`Vast has no region ${region}`)
      return places
    },

    regionFrom(spelling) {
      const region = regionFromVast(spelling)
      if (region === undefined) throw new RangeError(`no region of ours for the Vast location ${spelling}`)
      return region
    },
  }
}

/** The answers to several searches, each machine once for each market. */
class Findings {
  sampled = false
  readonly #offers = new Map<string, Offer>()
  readonly #skipped = new Map<string, number>()

  add(offers: readonly Offer[]): void {
    for (const offer of offers) this.#offers.set(offerKey(offer), offer)
  }

  skip(reason: string): void {
    this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + 1)
  }

  /** A bid search does not tell the outright price, so that bids are compared with it here. */
  on(markets: readonly Offer['market'][]): OfferSearch {
    const offers = [...this.#offers.values()].filter((offer) => {
      const outright = offer.market === 'spot' ? this.#offers.get(offer.externalId) : undefined
      return markets.includes(offer.market) && (!outright || offer.pricePerHour < outright.pricePerHour)
    })
    return { offers, skipped: Object.fromEntries(this.#skipped), sampled: this.sampled }
  }
}

/** Models that Vast does not sell have no spelling and cost no search. The API wants spaces where its CLI takes `_`. */
function searchSpellings(models: readonly string[], gpus: ProviderDeps['gpus']): string[] {
  const spellings = models.flatMap((model) => [...gpus.spellingsOf(model, 'vast')])
  return [...new Set(spellings.map((spelling) => spelling.replaceAll('_', ' ')))]
}

function rowWithId(rows: readonly unknown[], id: string): VastOffer | undefined {
  for (const raw of rows) {
    const read = readVastOffer(raw)
    if ('row' in read && read.row.id === id) return read.row
  }
  return undefined
}

/** `ask_contract_id` is known to work from production, not from the list of filters: a refusal is no answer about the offer. */
function ignoreRejected(error: unknown): undefined {
  if (error instanceof ProviderError && error.kind === 'rejected') return undefined
  throw error
}

/**
 * All pages. A machine that is missing here may be replaced, so a page too few is an error; a machine too many has only
 * ended while we were reading.
 */
async function wholeFleet(client: VastClient, signal: AbortSignal | undefined): Promise<VastInstance[]> {
  const fleet = new Map<string, VastInstance>()
  let token: string | null = null
  for (let page = 1; page <= maxListPages; page++) {
    const answer = await client.listPage(token, signal)
    if (answer.instances_found != null && answer.instances_found !== answer.instances.length) {
      throw shortList(`a page announces ${answer.instances_found} instances and holds ${answer.instances.length}`)
    }
    for (const instance of answer.instances) fleet.set(instance.id, instance)
    const next = answer.next_token ?? null
    if (next === null) {
      const total = answer.total_instances ?? fleet.size
      if (answer.total_instances == null && answer.instances.length >= listPageRows) {
        throw shortList('a full page tells neither whether there is more nor how many there are')
      }
      if (fleet.size < total || (page === 1 && fleet.size > total)) {
        throw shortList(`the pages hold ${fleet.size} instances of ${total}`)
      }
      return [...fleet.values()]
    }
    if (next === token) throw shortList('the next page is the same page again')
    token = next
  }
  throw shortList(`there is no end after ${maxListPages} pages`)
}

function shortList(why: string): ProviderError {
  return new ProviderError('vast', { kind: 'unexpected_reply' }, `Vast list: ${why}`)
}

/** Ids are numbers; anything else would end in a path. */
function vastIdFrom(externalId: string): string {
  if (/^[1-9]\d{0,15}$/.test(externalId)) return externalId
  throw new ProviderError('vast', { kind: 'rejected' }, 'a Vast id is a whole number: this one is not')
}

/** What a refusal of theirs asks for. An error with a cause is a wait of ours: nothing was sent. */
function pauseAskedBy(error: unknown): number {
  if (!(error instanceof ProviderError) || error.cause !== undefined) return 0
  return error.failure.kind === 'rate_limited' ? error.failure.retryAfterMs : 0
}

/** The address comes from an answer: encrypted, or from the very server we asked. */
function mayDownloadFrom(url: string, baseUrl: string): boolean {
  const { protocol, origin } = new URL(url)
  return protocol === 'https:' || origin === new URL(baseUrl).origin
}

function lastLines(text: string, tail: number): string[] {
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return tail > 0 ? lines.slice(-tail) : []
}

function sshKeyFromVast(key: { id: string; publicKey: string }): SshKey {
  return { id: key.id, name: null, publicKey: key.publicKey }
}

/** Kind and key decide; the comment behind them does not. */
function sameKey(one: string, other: string): boolean {
  const core = (key: string) => key.trim().split(/\s+/).slice(0, 2).join(' ')
  return core(one) === core(other)
}
