import type { BilledThing } from '../../core/billed-thing.ts'
import type { LambdaClient } from './client.ts'
import { regionFromLambda } from './regions.ts'
import type { LambdaFileSystem, LambdaInstance } from './wire.ts'

/** File systems: the one thing that Lambda sells beside machines. Machines are only asked for when one is in use. */
export async function thingsFromLambda(
  client: Pick<LambdaClient, 'fileSystems' | 'instances'>,
  signal?: AbortSignal,
): Promise<BilledThing[]> {
  const fileSystems = await client.fileSystems(signal)
  const inUse = fileSystems.some(({ is_in_use }) => is_in_use !== false)
  const instances = inUse ? await client.instances(signal) : []
  return fileSystems.map((fileSystem) => thingFromLambda(fileSystem, instances))
}

/** Billed for what is stored, per GiB and month, at a price that the API does not tell. @source providers/lambda.md 2.11, 3 */
function thingFromLambda(wire: LambdaFileSystem, instances: readonly LambdaInstance[]): BilledThing {
  const { name, region, bytes_used, created } = wire
  // Names are for one region.
  const user = instances.find((one) => one.region.name === region.name && one.file_system_names?.includes(name))
  const createdAt = Date.parse(created ?? '')
  return {
    kind: 'file_system',
    externalId: wire.id,
    name,
    attachedTo: user?.id ?? null,
    region: regionFromLambda(region.name) ?? region.name,
    sizeGb: bytes_used == null ? null : bytes_used / 1e9,
    ratePerHour: null,
    createdAt: Number.isNaN(createdAt) ? null : createdAt,
  }
}
