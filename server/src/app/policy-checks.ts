import type { Policies } from '../core/instances/instance.ts'
import { type ProviderName, publicProviderNames } from '../core/providers.ts'
import type { Abilities } from '../providers/provider.ts'
import { AppError } from './errors.ts'

/**
 * What a named marketplace cannot do is said before anything is rented. Where none is named, the instance says what does not
 * work at the one that was found.
 *
 * @throws AppError `not_possible_here`
 */
export function checkPolicies(
  { idle, budget }: Policies,
  provider: ProviderName,
  { canStop, reportsUtilisation }: Pick<Abilities, 'canStop' | 'reportsUtilisation'>,
): void {
  const name = publicProviderNames[provider]
  if (!canStop && idle?.action === 'stop') throw cannotStop(name, 'idle_action')
  if (!canStop && budget?.action === 'stop') throw cannotStop(name, 'budget_action')
  if (idle !== null && idle.busyAbovePercent !== null && idle.busyByDefault !== true && !reportsUtilisation) {
    throw new AppError('not_possible_here', `${name} does not tell how much a GPU works`, {
      fix: 'leave idle_busy_above_percent out, and report activity: POST /api/v1/instances/:id/activity',
      details: { provider: name, field: 'policies.idle_busy_above_percent' },
    })
  }
}

function cannotStop(name: string, field: string): AppError {
  return new AppError('not_possible_here', `${name} cannot stop a machine and keep it`, {
    fix: `set ${field} to terminate, which loses what is on its disk; or take another provider`,
    details: { provider: name, field: `policies.${field}` },
  })
}
