import { publicProviderNames } from '../core/providers.ts'
import { AppError } from './errors.ts'
import { type ActionDeps, getInstance, providerOf } from './instances.ts'
import type { Who } from './who.ts'

/** The last lines that its machine printed, oldest first. */
export async function instanceLogs(
  id: string,
  { tail }: { tail: number },
  who: Who,
  deps: Pick<ActionDeps, 'instances' | 'providers'>,
): Promise<string[]> {
  const instance = await getInstance(id, who, deps)
  const provider = providerOf(instance, deps.providers)
  if (!provider.describe().abilities.hasLogs) {
    const name = publicProviderNames[provider.name]
    throw new AppError('not_possible_here', `${name} has no logs to fetch`, {
      fix: 'connect with `gpufleet ssh` and read them on the machine',
      details: { provider: name },
    })
  }
  const externalId = instance.launch?.externalId
  if (externalId == null) {
    throw new AppError('not_allowed_now', `instance ${id} has no machine yet: it is ${instance.status}`, {
      fix: 'wait until it is starting',
      details: { status: instance.status },
    })
  }
  return provider.logs(externalId, { tail })
}
