import type { ProviderName } from '../../server/src/core/providers.ts'
import { minuteMs, secondMs } from '../../server/src/core/time.ts'
import type { Random } from '../../simulators/kit/random.ts'
import type { Marketplaces } from './marketplaces.ts'

/** How long each marketplace's lists may lag by its documents, or by what its client assumes in their place. */
const longestLagMs: Record<ProviderName, number> = {
  vast: 60 * secondMs,
  runpod: 30 * secondMs,
  lambda: 3 * minuteMs,
  paperspace: 30 * secondMs,
  novita: 15 * secondMs,
}

const failures: Record<ProviderName, readonly string[]> = {
  vast: ['stuck', 'silent', 'oci', 'manifest', 'no_space', 'exited', 'unknown', 'offline'],
  runpod: ['stuck', 'error', 'exited', 'no_port'],
  lambda: ['stuck', 'unhealthy', 'terminated', 'no_gpu'],
  paperspace: ['error', 'capacity', 'cancelled', 'silent-off', 'stuck'],
  novita: ['stuck', 'stuck_creating', 'bad_image', 'image_auth', 'no_resource'],
}

/**
 * Something that a marketplace does by itself: it sells out, asks for more, takes a machine back, lags.
 *
 * @returns the machine that it took back
 */
export function giveOrder(
  provider: ProviderName,
  marketplaces: Marketplaces,
  foreign: ReadonlySet<string>,
  random: Random,
  only?: 'interrupt',
): string | undefined {
  const order = (control: string, body: object) => {
    try {
      marketplaces.order(provider, control, body)
      return true
    } catch {
      // Not possible there, or not now: the trace says so.
      return false
    }
  }
  const drawn = random.pick(['interrupt', 'interrupt', 'sell-out', 'price', 'fail', 'lag', 'pace', 'page'] as const)
  switch (only ?? drawn) {
    case 'interrupt': {
      const machines = marketplaces.simulators[provider]?.marketplace.machines() ?? []
      const ours = machines.filter(({ id, billing }) => billing && !foreign.has(id))
      if (ours.length === 0) return undefined
      const { id } = random.pick(ours)
      return order('interrupt', { machine: id }) ? id : undefined
    }
    case 'sell-out':
      order('sell-out', { count: random.int(1, 3) })
      return undefined
    case 'price':
      // What a rental costs is shown on no machine of Novita's: there, a list that is wrong cannot be found out.
      order('change-price', { factor: random.pick([0.5, 1.1, 3]), listed: provider === 'novita' || random.chance(0.6) })
      return undefined
    case 'fail':
      order('fail-start', { count: random.int(1, 2), how: random.pick(failures[provider]) })
      return undefined
    case 'page':
      order('special/page-size', { n: random.pick([1, 2, 7, null]) })
      return undefined
    case 'lag':
      order('list-lag', { ms: Math.floor(longestLagMs[provider] * random.next()) })
      return undefined
    case 'pace':
      order('pace', {
        loadingMs: random.int(5, 900) * secondMs,
        stoppingMs: random.int(1, 120) * secondMs,
        startingMs: random.int(5, 300) * secondMs,
      })
      return undefined
  }
}
