import type { BilledThing } from '../../core/billed-thing.ts'
import { dividedBy, type Nanos, nanosFromUsd, timesQuantity } from '../../core/money.ts'
import { ProviderError } from '../provider.ts'
import type { NovitaClient } from './client.ts'
import { codeFrom, regionFromNovita } from './regions.ts'
import type { NovitaInstance, NovitaStorage } from './wire.ts'

const maxTries = 3
const maxPages = 1_000

/** Network storage: the one thing that Novita sells beside instances. Instances are only asked for when one may use it. */
export async function thingsFromNovita(
  client: Pick<NovitaClient, 'storagePage'>,
  fleet: () => Promise<readonly NovitaInstance[]>,
  signal?: AbortSignal,
): Promise<BilledThing[]> {
  const storages = await allStorages(client, signal)
  if (storages.length === 0) return []
  const instances = await fleet()
  return storages.map((storage) => thingFromNovita(storage, instances))
}

function thingFromNovita(wire: NovitaStorage, instances: readonly NovitaInstance[]): BilledThing {
  const user = instances.find(({ volumeMounts }) => volumeMounts.some(({ id }) => id === wire.storageId))
  const place = wire.clusterName || wire.clusterId
  return {
    kind: 'volume',
    externalId: wire.storageId,
    name: wire.storageName || null,
    attachedTo: user?.id ?? null,
    region: place === '' ? null : (regionFromNovita(place) ?? regionFromNovita(wire.clusterId) ?? codeFrom(place)),
    sizeGb: wire.storageSize,
    ratePerHour: wire.storageSize === null ? null : storageRate(wire.storageSize),
    createdAt: null,
  }
}

const perGbDay = nanosFromUsd('0.002')

/**
 * The list has a `price` as well, in a unit that is not documented, so that it is not read.
 *
 * @source novita.md 3: "network volume 0.002 $/GB/day"
 */
function storageRate(sizeGb: number): Nanos {
  return dividedBy(timesQuantity(perGbDay, sizeGb), 24n)
}

/** All pages, which have to hold exactly what `total` announces; see `fleet.ts` for why it may take another try. */
async function allStorages(
  client: Pick<NovitaClient, 'storagePage'>,
  signal: AbortSignal | undefined,
): Promise<NovitaStorage[]> {
  for (let attempt = 1; ; attempt++) {
    const found = new Map<string, NovitaStorage>()
    const read = await readOnce(client, found, signal)
    if (read === 'whole') return [...found.values()]
    if (read === 'short' || attempt >= maxTries) {
      const kind = read === 'short' ? 'unexpected_reply' : 'unavailable'
      const why =
        read === 'short' ? 'the pages hold another number than announced' : 'the list changed while it was read'
      throw new ProviderError('novita', { kind }, `Novita storages: ${why}`)
    }
  }
}

async function readOnce(
  client: Pick<NovitaClient, 'storagePage'>,
  found: Map<string, NovitaStorage>,
  signal: AbortSignal | undefined,
): Promise<'whole' | 'short' | 'changed'> {
  let announced: number | null = null
  for (let page = 1; page <= maxPages; page++) {
    const { data, total } = await client.storagePage(page, signal)
    announced ??= total
    if (total !== announced) return 'changed'
    for (const storage of data) {
      if (found.has(storage.storageId)) return 'changed'
      found.set(storage.storageId, storage)
    }
    if (found.size === total) return 'whole'
    if (found.size > total || data.length === 0) return 'short'
  }
  return 'short'
}
