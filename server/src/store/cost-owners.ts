import type { Selectable } from 'kysely'
import type { Charge } from '../core/charges/charge.ts'
import type { InstanceId, ProjectName } from '../core/instances/instance.ts'
import type { Market, Offer } from '../core/offers/offer.ts'
import type { ProviderName } from '../core/providers.ts'
import { fromJsonText } from './json.ts'
import { chargeFromRow } from './rows.ts'
import type { Database } from './sqlite.ts'
import type { ChargesTable } from './tables.ts'

/** Whose costs are asked for. */
export interface CostFilter {
  project?: ProjectName
  instanceId?: string
  provider?: ProviderName
  /** Of the instance, as the user gave it. */
  label?: string
}

/** What a cost is for. */
export interface CostOwner {
  instanceId: InstanceId
  attempt: number
  project: ProjectName
  label: string | null
  provider: ProviderName
  account: string
  externalId: string | null
  gpu: string
  gpuCount: number
  market: Market
}

export interface OwnedCharge {
  charge: Charge
  owner: CostOwner
}

/** SQLite takes a limited number of values in one statement. */
const idsAtOnce = 400
const mostKept = 50_000

/** Looks up what charges were for, each launch once: their offers take longer to read than the charges themselves. */
export function createOwners(database: Database) {
  const known = new Map<string, CostOwner>()

  async function learn(ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += idsAtOnce) {
      const rows = await database
        .selectFrom('launches')
        .innerJoin('instances', 'instances.id', 'launches.instance_id')
        .select([...ownerColumns, 'launches.instance_id', 'launches.attempt'])
        .where('launches.instance_id', 'in', ids.slice(at, at + idsAtOnce))
        .execute()
      for (const row of rows) known.set(launchKey(row), ownerFromRow(row))
    }
  }

  return {
    async added(rows: readonly Selectable<ChargesTable>[]): Promise<OwnedCharge[]> {
      if (known.size > mostKept) known.clear()
      const missing = rows.filter((row) => !known.has(launchKey(row))).map((row) => row.instance_id)
      await learn([...new Set(missing)])
      return rows.flatMap((row) => {
        const owner = known.get(launchKey(row))
        return owner === undefined ? [] : [{ charge: chargeFromRow(row), owner }]
      })
    },
  }
}

function launchKey({ instance_id, attempt }: { instance_id: string; attempt: number }): string {
  return `${instance_id}/${attempt}`
}

export const ownerColumns = [
  'instances.project',
  'instances.label as instance_label',
  'launches.provider',
  'launches.account',
  'launches.external_id',
  'launches.offer',
] as const

export interface OwnerRow {
  instance_id: string
  attempt: number
  project: string
  instance_label: string | null
  provider: string
  account: string
  external_id: string | null
  offer: string
}

export function ownerFromRow(row: OwnerRow): CostOwner {
  const { gpu, market } = fromJsonText<Offer>(row.offer)
  return {
    instanceId: row.instance_id as InstanceId,
    attempt: row.attempt,
    project: row.project,
    label: row.instance_label,
    provider: row.provider as ProviderName,
    account: row.account,
    externalId: row.external_id,
    gpu: gpu.model,
    gpuCount: gpu.count,
    market,
  }
}
