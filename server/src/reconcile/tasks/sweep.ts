import type { Bell } from '../../core/bell.ts'
import { isUnexplained } from '../../core/reconciliation/rates.ts'
import { minuteMs, secondMs } from '../../core/time.ts'
import type { Provider } from '../../providers/provider.ts'
import type { LaunchStore } from '../../store/launches.ts'
import { type SweepAccountDeps, sweepAccount } from './sweep-account.ts'

/** How often everything that is billed is compared with everything we know. */
export const sweepEveryMs = 2 * minuteMs
/** An account that takes longer goes on by itself, and the others are compared again without it. */
const patienceMs = minuteMs

export interface SweepDeps extends SweepAccountDeps {
  launches: Pick<LaunchStore, 'open'>
  providers: { all(): readonly Provider[] }
  /** Rung when something was found that has to end. */
  bell: Bell
  /** Rung when something may have changed. */
  changed: Bell
}

export interface Sweeper {
  /**
   * Compares every account, once; joins what is under way. Ends when all have answered, or the last ones have had long enough.
   * Never throws for a marketplace's sake.
   */
  run(): Promise<void>
}

export function createSweeper(deps: SweepDeps): Sweeper {
  const underWay = new Map<Provider, Promise<void>>()

  /** One that does not answer, or a mistake of ours in reading it, holds up no other. */
  async function guarded(provider: Provider): Promise<void> {
    try {
      await sweepAccount(provider, deps)
    } catch (error) {
      deps.log.error('sweep failed', { provider: provider.name, account: provider.account, error })
      await couldNotCheck(provider, 'its answer could not be processed here')
    }
  }

  /** One look at an account at a time. */
  function begin(provider: Provider): Promise<void> {
    const known = underWay.get(provider)
    if (known !== undefined) return known
    const work = guarded(provider).finally(() => void underWay.delete(provider))
    underWay.set(provider, work)
    return work
  }

  async function couldNotCheck({ name: provider, account }: Pick<Provider, 'name' | 'account'>, error: string) {
    const before = await deps.findings.checkOf({ provider, account })
    const check = { provider, account, checkedAt: before?.checkedAt ?? null, triedAt: deps.clock.now(), error }
    await deps.findings.record(check, { machines: null, things: null }, [])
  }

  /** What was found there stays in the report for as long as somebody has to do something about it. */
  async function sweepLostAccounts(): Promise<void> {
    const { accounts, findings } = await deps.findings.report()
    const here = new Set(deps.providers.all().map(({ name, account }) => `${name}/${account}`))
    const lost = accounts.filter(({ provider, account }) => !here.has(`${provider}/${account}`))
    if (lost.length === 0) return
    const open = await deps.launches.open()
    for (const { provider, account } of lost) {
      const isHere = (one: { provider: string; account: string }) =>
        one.provider === provider && one.account === account
      if (open.some(isHere) || findings.some((one) => isHere(one) && isUnexplained(one))) {
        await couldNotCheck({ name: provider, account }, 'there is no key for this account any more: set it')
      } else {
        await deps.findings.forget({ provider, account })
      }
    }
  }

  return {
    async run() {
      const providers = deps.providers.all()
      const over = new AbortController()
      const patience = deps.clock.sleep(patienceMs, over.signal).catch(() => {})
      await Promise.race([Promise.all(providers.map(begin)), patience]).finally(() => over.abort())
      for (const provider of providers) {
        if (underWay.has(provider)) await couldNotCheck(provider, `it has not answered for ${patienceMs / secondMs} s`)
      }
      await sweepLostAccounts()
      deps.bell.ring()
      deps.changed.ring()
    },
  }
}
