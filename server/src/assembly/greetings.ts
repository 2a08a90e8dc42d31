/** What the log says of machines when the server comes and goes. */

import { finalStatuses, statuses } from '../core/instances/status.ts'
import { sum, usdText } from '../core/money.ts'
import type { Clock } from '../core/time.ts'
import type { Log } from '../observability/log.ts'
import { accountOf } from '../reconcile/sight.ts'
import type { ChargeStore } from '../store/charges.ts'
import type { InstanceStore } from '../store/instances.ts'
import type { LaunchStore } from '../store/launches.ts'

/** Machines of an account that has no key here: they may be billed, and nobody looks after them. */
export async function warnOfMissingKeys(
  launches: Pick<LaunchStore, 'open'>,
  deps: Parameters<typeof accountOf>[1],
  log: Log,
): Promise<void> {
  const keyless = (await launches.open()).filter((launch) => accountOf(launch, deps) === undefined)
  if (keyless.length === 0) return
  const names = [...new Set(keyless.map(({ provider, account }) => `${provider} (${account})`))].join(', ')
  log.error(
    `there is no key for ${names}: set it; ${keyless.length === 1 ? '1 machine' : `${keyless.length} machines`} may be billed, and nobody looks after ${keyless.length === 1 ? 'it' : 'them'}`,
    {
      machines: keyless.map(
        ({ provider, externalId, label }) => `${provider} ${externalId ?? 'not known yet'} ${label}`,
      ),
    },
  )
}

/** A proxy on this machine that passes nothing on of who asked makes everybody look as if they were at this machine. */
export function warnOfProxies(log: Log): void {
  log.warn(
    'PUBLIC_URL is set and calls from this machine need no key: a proxy here that sends no forwarding header would let everybody in. Set KEYLESS=off',
  )
}

export interface FarewellDeps {
  instances: Pick<InstanceStore, 'list'>
  launches: Pick<LaunchStore, 'open'>
  charges: Pick<ChargeStore, 'ofInstances'>
  clock: Pick<Clock, 'now'>
  log: Log
}

/** The last line before we go: what still costs money, machines that are being ended included. */
export async function tellWhatRuns({ instances, launches, charges, clock, log }: FarewellDeps): Promise<void> {
  const open = await launches.open()
  if (open.length === 0) return
  const known = await charges.ofInstances([...new Set(open.map((launch) => launch.instanceId))])
  const running = known.filter((charge) => charge.endedBefore === null)
  const perHour = sum(running.map((charge) => charge.ratePerHour))
  const active = await instances.list({
    statuses: statuses.filter((status) => !finalStatuses.has(status)),
    limit: 1_000,
  })
  log.warn(
    `${open.length === 1 ? '1 machine goes' : `${open.length} machines go`} on without us, at $${usdText(perHour, 4)} per hour`,
    {
      machines: open.map(({ provider, externalId, label }) => `${provider} ${externalId ?? 'not known yet'} ${label}`),
      instances: active.map(({ id, status }) => `${id} ${status}`),
      at: clock.now(),
    },
  )
}
