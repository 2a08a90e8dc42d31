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

type Special = readonly [name: string, orders: readonly Record<string, unknown>[]]

/** What only one marketplace does, and what its documents leave open: either may be how it really is. */
const specials: Record<ProviderName, readonly Special[]> = {
  vast: [
    ['outbid-shape', [{ value: 'stopped' }, { value: 'waiting' }]],
    ['gone-disguise', [{ value: 'gone_404' }, { value: 'raced' }, { value: 'unavailable' }]],
    ['destroyed-get', [{ value: '404' }, { value: 'null' }]],
    ['low-bid', [{ value: '400' }, { value: '200' }]],
    ['retry-after', [{ value: true }]],
    ['refuse-create', [{ how: 'server_error' }, { how: 'own_machines' }, { how: 'spend_rate_limit' }]],
    [
      'auth',
      [
        { how: 'session_expired', count: 2 },
        { how: 'unknown_401', count: 3 },
        { how: 'unknown_404', count: 2 },
      ],
    ],
  ],
  runpod: [
    ['switch', [{ provisioning: true }, { emptyRuntime: true }, { exitedCostZero: true }, { staleRuntime: true }]],
    ['switch', [{ deletedFace: 'stale' }, { getLagMs: 20_000 }, { lockedStatus: 423 }, { billingLagMs: 0 }]],
    ['switch', [{ startFailureRate: 0.3 }, { capacityFailureRate: 0.3 }]],
  ],
  lambda: [
    ['cloudflare', [{ kind: '1010' }, { kind: '1015', count: 3 }]],
    ['upstream-failure', [{ kind: 'provider' }, { kind: 'internal', applied: true }, { kind: 'internal', count: 4 }]],
    ['price-list', [{ name: '2026-02' }, { name: '2026-08' }]],
  ],
  paperspace: [
    ['fail-stop', [{ how: 'error' }]],
    ['fail-delete', [{ how: 'error' }, { how: 'error', count: 3 }]],
    ['delete-again', [{ how: 'same-event' }, { how: 'not-found' }, { how: 'busy' }]],
    ['busy-status', [{ status: 403 }, { status: 409 }, { status: 412 }]],
    ['late-ip', [{ ms: 40_000 }]],
    ['linger', [{ ms: 60_000 }]],
    ['events-vanish', [{ on: true }]],
    ['region-names', [{ form: 'short' }]],
  ],
  novita: [
    ['gone-as', [{ how: '400' }, { how: 'removed' }, { how: '404' }]],
    ['refuses-key-with', [{ how: '403' }, { how: '400' }]],
    ['numbers-as', [{ how: 'number' }]],
    ['total-as', [{ how: 'string' }]],
    ['region-names', [{ how: 'code' }]],
    ['empty-bodies', [{ on: true }, { on: false }]],
    ['spot-timeline', [{ noticeMs: 60_000, reclaimingMs: 5_000 }]],
    ['chances', [{ failStart: 0.3 }, { takenOnStart: 0.5 }]],
  ],
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
  const drawn = random.pick([
    'interrupt',
    'interrupt',
    'sell-out',
    'price',
    'fail',
    'lag',
    'pace',
    'page',
    'special',
    'special',
  ] as const)
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
    case 'special': {
      const [name, orders] = random.pick(specials[provider])
      order(`special/${name}`, random.pick(orders))
      return undefined
    }
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
