import type { Instance, Launch } from '../core/instances/instance.ts'
import type { Instant } from '../core/time.ts'
import type { Provider } from '../providers/provider.ts'
import type { FindingStore } from '../store/findings.ts'

/**
 * What a wish may do that came back with a backup: nothing is known of what became of it since the copy was made. Until
 * every account was swept its machine may still be found; afterwards it had ended, and is not rented anew.
 */
export type Revived = 'as_any_other' | 'wait_for_the_sweep' | 'gone'

export interface RestoredDeps {
  /** When a backup was put in the place of this database; null: never. */
  restoredAt: Instant | null
  findings: Pick<FindingStore, 'report'>
  providers: { all(): readonly Pick<Provider, 'name' | 'account'>[] }
}

export type Reviver = (instance: Instance, launches: readonly Launch[]) => Promise<Revived>

export function createReviver({ restoredAt, findings, providers }: RestoredDeps): Reviver {
  return async (instance, launches) => {
    if (restoredAt === null || instance.createdAt > restoredAt) return 'as_any_other'
    const seenSince = launches.some(
      ({ intendedAt, lastSeenAt }) => intendedAt > restoredAt || (lastSeenAt !== null && lastSeenAt > restoredAt),
    )
    if (seenSince) return 'as_any_other'
    const { accounts } = await findings.report()
    const isSwept = providers.all().every(({ name, account }) => {
      const check = accounts.find((one) => one.provider === name && one.account === account)
      return check?.checkedAt != null && check.checkedAt > restoredAt
    })
    return isSwept ? 'gone' : 'wait_for_the_sweep'
  }
}
