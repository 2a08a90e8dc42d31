import { createHmac } from 'node:crypto'
import { nanosFromUsd } from '../../core/money.ts'
import { type Offer, offerKey } from '../../core/offers/offer.ts'
import type { Instant } from '../../core/time.ts'
import { type LaunchOrder, type OfferQuery, type OfferSearch, type Provider, ProviderError } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { balanceOrNull } from './balance.ts'
import { beside } from './beside.ts'
import { createRunpodClient, type RunpodClient } from './client.ts'
import { runpodDescription, runpodRateLimits } from './description.ts'
import { wholeFleet } from './fleet.ts'
import { createRunpodGraphqlClient } from './graphql-client.ts'
import { launchBodyFromOrder } from './launch-body.ts'
import { logLinesFromRunpod } from './logs.ts'
import { machineFromRunpod } from './machines.ts'
import { type CatalogueQuestion, listedCounts, offerFromRunpod, offersFromRunpod, readGpuType } from './offers.ts'
import { placeFromExternalId, type RunpodCloud, runpodClouds } from './places.ts'
import { accountKeys, podIdFrom, refuse } from './refusals.ts'
import type { RunpodGpuType, RunpodPod } from './wire.ts'
import { wordsOf } from './words.ts'

export function createRunpodRestProvider(deps: ProviderDeps): Provider {
  const { clock, gpus } = deps
  const client = createRunpodClient(deps)
  const graphql = createRunpodGraphqlClient(deps)
  const stopped = new StoppedPods()

  function machineFrom(pod: RunpodPod, at: Instant) {
    stopped.note(pod)
    return machineFromRunpod(pod, { at, wasStopped: stopped.has(pod.id) })
  }

  /** `already`: what a pod says when the wish is fulfilled, or about to be. A 409 then is no refusal. */
  async function act(id: string, action: 'start' | 'stop' | 'restart', already: string[], signal?: AbortSignal) {
    podIdFrom(id)
    if (action !== 'restart') stopped.add(id)
    try {
      await client.act(id, action, signal)
    } catch (error) {
      if (!isNotNow(error)) throw error
      const pod = await client.one(id, signal)
      if (pod && already.includes(pod.status)) return
      throw pod?.locked ? lockedError(action) : error
    }
  }

  return {
    name: 'runpod',
    account: deps.account,
    describe: () => runpodDescription,
    limits: () => runpodRateLimits,

    /** At most 8 calls: each count in each cloud, unless no type comes in machines of that size. */
    async searchOffers(query, signal) {
      const found = new Findings(query)
      if (!query.markets.includes('on_demand')) return found.search()

      async function ask(question: CatalogueQuestion): Promise<RunpodGpuType[]> {
        const rows = await client.search(question, signal)
        const seenAt = clock.now()
        return rows.flatMap((raw) => {
          const read = readGpuType(raw)
          if ('skipped' in read) found.skip(read.skipped)
          else found.add(offersFromRunpod(read.row, question, { gpus, seenAt }))
          return 'row' in read ? [read.row] : []
        })
      }

      const [smallest = 1, ...larger] = countsFor(query)
      const rows = await ask({ cloud: 'SECURE', count: smallest })
      const most = (key: 'secure' | 'community') =>
        Math.max(0, ...rows.map((row) => (row[key] ? row.maxCount[key] : 0)))
      const largest = { SECURE: most('secure'), COMMUNITY: most('community') }
      for (const question of questions([smallest], ['COMMUNITY'])) await ask(question)
      for (const question of questions(larger, runpodClouds)) {
        if (question.count <= largest[question.cloud]) await ask(question)
      }
      return found.search()
    },

    async quote(offer, _order, signal) {
      const place = placeFromExternalId(offer.externalId)
      const row = await client.gpuType(place.gpuId, place, signal)
      const now = row.id === place.gpuId ? offerFromRunpod(row, place, { gpus, seenAt: clock.now() }) : undefined
      if (!now?.available) {
        throw new ProviderError('runpod', { kind: 'no_capacity' }, `RunPod has no ${offer.externalId} left`)
      }
      return now
    },

    async launch(order, signal) {
      // Refuses what cannot be done before anything is stored at RunPod.
      const body = launchBodyFromOrder(order, null)
      const registry = order.registryAuth && (await registryIdFor(order.registryAuth, client, deps, signal))
      const { id, cost } = await client.launch(registry === null ? body : { ...body, registry }, signal)
      return { externalId: id, pricePerHour: cost == null ? null : nanosFromUsd(cost) }
    },

    async look(signal) {
      const pods = await wholeFleet(client, signal)
      const at = clock.now()
      stopped.keepOnly(pods)
      return { machines: pods.map((pod) => machineFrom(pod, at)), at }
    },

    async lookAt(externalId, signal) {
      const id = podIdFrom(externalId)
      const pod = await client.one(id, signal)
      const at = clock.now()
      if (pod === null) return { kind: 'absent', at }
      if (pod.id !== id) return { kind: 'unknown', at, why: 'RunPod showed another pod than the one asked for' }
      return { kind: 'seen', machine: machineFrom(pod, at), at }
    },

    stop: (externalId, signal) => act(externalId, 'stop', ['EXITED', 'TERMINATED'], signal),
    start: (externalId, signal) => act(externalId, 'start', ['PROVISIONING', 'STARTING', 'RUNNING'], signal),
    restart: (externalId, signal) => act(externalId, 'restart', ['PROVISIONING', 'STARTING'], signal),

    /** The volume goes with it. Nothing else bills: we make no network volumes, and stored credentials are free. */
    async terminate(externalId, signal) {
      const id = podIdFrom(externalId)
      try {
        await client.terminate(id, signal)
      } catch (error) {
        if (!isNotNow(error)) throw error
        const pod = await client.one(id, signal)
        if (pod === null || pod.status === 'TERMINATED') return
        throw pod.locked ? lockedError('terminate') : error
      }
    },

    ...beside(client, clock),

    changeBid: async () => refuse('RunPod takes no bids: rent on demand'),
    async logs(externalId, { tail }, signal) {
      return logLinesFromRunpod(await client.logs(podIdFrom(externalId), tail, signal)).slice(-tail)
    },
    sshKeys: async () => refuse(accountKeys),
    addSshKey: async () => refuse(accountKeys),

    /** REST has no such endpoint. Unknown is a state to show, not a reason to stop. */
    async balance(signal) {
      return balanceOrNull(graphql, signal)
    },

    ...wordsOf(deps),
  }
}

/** What several questions found, as far as it was asked for. */
class Findings {
  readonly #query: OfferQuery
  readonly #offers = new Map<string, Offer>()
  readonly #skipped = new Map<string, number>()

  constructor(query: OfferQuery) {
    this.#query = query
  }

  add({ offers, unreadableDataCenters }: { offers: readonly Offer[]; unreadableDataCenters: number }): void {
    for (const offer of offers) this.#offers.set(offerKey(offer), offer)
    if (unreadableDataCenters > 0) this.skip('unreadable_data_center', unreadableDataCenters)
  }

  skip(reason: string, times = 1): void {
    this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + times)
  }

  search(): OfferSearch {
    const { models } = this.#query
    const offers = [...this.#offers.values()].filter(({ gpu }) => models.length === 0 || models.includes(gpu.model))
    return { offers, skipped: Object.fromEntries(this.#skipped), sampled: false }
  }
}

/** The listed sizes, and an odd one that is asked for. */
function countsFor({ gpuCount }: OfferQuery): number[] {
  const counts = gpuCount === undefined ? listedCounts : [...listedCounts, gpuCount]
  return [...new Set(counts)].sort((a, b) => a - b)
}

function questions(counts: readonly number[], clouds: readonly RunpodCloud[]): CatalogueQuestion[] {
  return counts.flatMap((count) => clouds.map((cloud) => ({ cloud, count })))
}

/** Pods whose meters were off at some time, as far as this process has seen or ordered it. */
class StoppedPods {
  readonly #ids = new Set<string>()

  add(id: string): void {
    this.#ids.add(id)
  }

  note({ id, status }: RunpodPod): void {
    if (status === 'EXITED' || status === 'ERROR') this.#ids.add(id)
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /** Forgets pods that are gone. */
  keepOnly(pods: readonly RunpodPod[]): void {
    const present = new Set(pods.map(({ id }) => id))
    for (const id of this.#ids) if (!present.has(id)) this.#ids.delete(id)
  }
}

/**
 * The stored credential for a private registry, stored now unless it is there. Its name is made from its content, so that a
 * second launch, or one after a lost answer, finds it. The name is keyed with our API key: nobody else can test a guessed
 * password against it.
 */
async function registryIdFor(
  auth: NonNullable<LaunchOrder['registryAuth']>,
  client: RunpodClient,
  { apiKey }: Pick<ProviderDeps, 'apiKey'>,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { server, username, password } = auth
  const digest = createHmac('sha256', apiKey.reveal()).update(JSON.stringify([server, username, password]))
  const name = `gpufleet-${digest.digest('hex').slice(0, 16)}`
  const present = (await client.registries(signal)).find((registry) => registry.name === name)
  return (present ?? (await client.addRegistry({ name, username, password }, signal))).id
}

function isNotNow(error: unknown): boolean {
  return error instanceof ProviderError && error.kind === 'not_now'
}

function lockedError(action: string): ProviderError {
  const message = `RunPod ${action}: the pod is locked; unlock it in RunPod's console`
  return new ProviderError('runpod', { kind: 'rejected' }, message)
}
