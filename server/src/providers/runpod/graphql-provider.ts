import { nanosFromUsd } from '../../core/money.ts'
import type { Offer } from '../../core/offers/offer.ts'
import { type OfferQuery, type OfferSearch, type Provider, ProviderError } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { balanceOrNull } from './balance.ts'
import { beside } from './beside.ts'
import { createRunpodClient } from './client.ts'
import { runpodGraphqlDescription, runpodRateLimits } from './description.ts'
import { createRunpodGraphqlClient } from './graphql-client.ts'
import { deployInputFromOrder, machineFromGraphql, offerFromGraphql, readGraphqlGpuType } from './graphql-mapping.ts'
import { listedCounts } from './offers.ts'
import { placeFromExternalId, runpodClouds } from './places.ts'
import { podIdFrom, refuse } from './refusals.ts'
import { wordsOf } from './words.ts'

const notHere = 'is not part of the GraphQL adapter: set RUNPOD_API_VERSION=v2'

/** Offers, launch on demand, list and end; everything else is refused. */
export function createRunpodGraphqlProvider(deps: ProviderDeps): Provider {
  const { clock, gpus } = deps
  const client = createRunpodGraphqlClient(deps)

  return {
    name: 'runpod',
    account: deps.account,
    describe: () => runpodGraphqlDescription,
    limits: () => runpodRateLimits,

    /** Eight calls: each count in each cloud. Where in the world is not told without asking for each data centre. */
    async searchOffers(query, signal) {
      if (!query.markets.includes('on_demand')) return { offers: [], skipped: {}, sampled: false }
      const offers: Offer[] = []
      const skipped: Record<string, number> = {}
      for (const count of countsFor(query)) {
        for (const cloud of runpodClouds) {
          const rows = await client.gpuTypes({ cloud, count }, signal)
          const seenAt = clock.now()
          for (const raw of rows) {
            const read = readGraphqlGpuType(raw)
            if ('skipped' in read) skipped[read.skipped] = (skipped[read.skipped] ?? 0) + 1
            const offer = 'row' in read ? offerFromGraphql(read.row, { cloud, count }, { gpus, seenAt }) : undefined
            if (offer) offers.push(offer)
          }
        }
      }
      return wanted(query, offers, skipped)
    },

    async quote(offer, _order, signal) {
      const place = placeFromExternalId(offer.externalId)
      const rows = await client.gpuType(place.gpuId, place, signal)
      const seenAt = clock.now()
      for (const raw of rows) {
        const read = readGraphqlGpuType(raw)
        if ('skipped' in read || read.row.id !== place.gpuId) continue
        const now = offerFromGraphql(read.row, place, { gpus, seenAt })
        // An offer found by REST names a data centre; this API is not asked about it, the launch is.
        if (now?.available)
          return { ...now, externalId: offer.externalId, region: offer.region, location: offer.location }
      }
      throw new ProviderError('runpod', { kind: 'no_capacity' }, `RunPod has no ${offer.externalId} left`)
    },

    async launch(order, signal) {
      const { id, costPerHr } = await client.deploy(deployInputFromOrder(order), signal)
      return { externalId: id, pricePerHour: costPerHr == null ? null : nanosFromUsd(costPerHr) }
    },

    async look(signal) {
      const pods = await client.pods(signal)
      return { machines: pods.map(machineFromGraphql), at: clock.now() }
    },

    /** By the list, which is not proof of absence; that is `pod`, which is null for a pod that is gone. */
    async lookAt(externalId, signal) {
      const id = podIdFrom(externalId)
      const listed = (await client.pods(signal)).find((pod) => pod.id === id)
      if (listed) return { kind: 'seen', machine: machineFromGraphql(listed), at: clock.now() }
      const pod = await client.pod(id, signal)
      const at = clock.now()
      if (pod === null) return { kind: 'absent', at }
      if (pod.id !== id) return { kind: 'unknown', at, why: 'RunPod showed another pod than the one asked for' }
      return { kind: 'seen', machine: machineFromGraphql(pod), at }
    },

    stop: async () => refuse(`stopping ${notHere}`),
    start: async () => refuse(`starting ${notHere}`),
    restart: async () => refuse(`restarting ${notHere}`),

    async terminate(externalId, signal) {
      await client.terminate(podIdFrom(externalId), signal)
    },

    // Not part of this API as far as it is documented; REST knows, with the same key.
    ...beside(createRunpodClient(deps), clock),

    changeBid: async () => refuse('RunPod takes no bids: rent on demand'),
    logs: async () => refuse(`reading logs ${notHere}, nor can that read them: see the console, or log in with SSH`),
    sshKeys: async () => refuse(`the account's key list ${notHere}`),
    addSshKey: async () => refuse('keys of the account are not touched: give the key with the launch'),

    balance: (signal) => balanceOrNull(client, signal),

    ...wordsOf(deps),
  }
}

function countsFor({ gpuCount }: OfferQuery): number[] {
  return [...new Set(gpuCount === undefined ? listedCounts : [...listedCounts, gpuCount])]
}

function wanted({ models }: OfferQuery, offers: Offer[], skipped: Record<string, number>): OfferSearch {
  return {
    offers: offers.filter(({ gpu }) => models.length === 0 || models.includes(gpu.model)),
    skipped,
    sampled: false,
  }
}
