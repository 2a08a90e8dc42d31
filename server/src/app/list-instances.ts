import type { Charge } from '../core/charges/charge.ts'
import type { Instance } from '../core/instances/instance.ts'
import type { ChargeStore } from '../store/charges.ts'
import type { InstanceQuery, InstanceStore } from '../store/instances.ts'
import { projectAsked, type Who } from './who.ts'

export interface InstancePage {
  instances: readonly Instance[]
  charges: ReadonlyMap<string, readonly Charge[]>
  /** Ask with this for the next page; null on the last. */
  next: InstanceQuery['before'] | null
}

/** Newest first. */
export async function listInstances(
  query: InstanceQuery,
  who: Who,
  { instances, charges }: { instances: Pick<InstanceStore, 'list'>; charges: Pick<ChargeStore, 'ofInstances'> },
): Promise<InstancePage> {
  const project = projectAsked(who, query.project)
  const found = await instances.list({ ...query, ...(project !== null && { project }), limit: query.limit + 1 })
  const page = found.slice(0, query.limit)
  const last = page.at(-1)
  return {
    instances: page,
    charges: Map.groupBy(await charges.ofInstances(page.map((one) => one.id)), (charge) => charge.instanceId as string),
    next: found.length > query.limit && last !== undefined ? { createdAt: last.createdAt, id: last.id } : null,
  }
}
