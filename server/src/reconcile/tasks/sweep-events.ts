import type { InstanceId } from '../../core/instances/instance.ts'
import { usdText } from '../../core/money.ts'
import { publicProviderNames } from '../../core/providers.ts'
import type { Finding } from '../../core/reconciliation/finding.ts'
import type { Instant } from '../../core/time.ts'
import type { EventKind, NewEvent } from '../../store/events.ts'

type Found = Omit<Finding, 'firstSeenAt' | 'lastSeenAt' | 'orderedAt' | 'orders'>

/** It bills and nothing wants it. */
export function strayFound(finding: Found, at: Instant): NewEvent {
  return eventOf('stray_found', finding, at, `found ${nameOf(finding)}: ${finding.why}; it is ended`)
}

/** Asked for again and again, and still there. */
export function strayStays(finding: Finding, at: Instant): NewEvent {
  const message = `${nameOf(finding)} is still there after ${finding.orders} orders to end it; it may still be billed. We keep asking.`
  return eventOf('alarm', finding, at, message)
}

/** It carries our label, and cannot be written down as a machine of ours. */
export function strayUnsettled(finding: Finding, at: Instant): NewEvent {
  const message = `found ${nameOf(finding)}: ${finding.why}; it can be neither adopted nor ended by itself, and is billed. End it in the marketplace’s console.`
  return eventOf('alarm', finding, at, message)
}

export function strayEnded(finding: Finding, at: Instant): NewEvent {
  return eventOf('stray_ended', finding, at, `${nameOf(finding)} is gone`)
}

export function machineAdopted(finding: Found, wanted: 'up' | 'ended', at: Instant): NewEvent {
  const then =
    wanted === 'up'
      ? 'it is adopted and looked after; its image, its disk’s size and its environment are not known here'
      : 'it is ended, as UNKNOWN_MACHINES says'
  return eventOf('adopted', finding, at, `found ${nameOf(finding)}: ${finding.why}; ${then}`)
}

function nameOf({ kind, externalId, provider, label, ratePerHour }: Found): string {
  const rate = ratePerHour === null ? 'at a rate that is not shown' : `$${usdText(ratePerHour, 4)}/h`
  const what = kind.replace('_', ' ')
  return `${what} ${externalId} at ${publicProviderNames[provider]} (${label ?? 'without a name'}, ${rate})`
}

function eventOf(kind: EventKind, finding: Found, at: Instant, message: string): NewEvent {
  return {
    at,
    // What no instance of ours explains belongs to none, whatever its label says.
    instanceId: kind === 'adopted' || finding.verdict !== 'ours_unknown' ? instanceIdOf(finding) : null,
    kind,
    status: null,
    because: null,
    message,
    data: {
      provider: publicProviderNames[finding.provider],
      account: finding.account,
      what: finding.kind,
      id: finding.externalId,
      label: finding.label,
      verdict: finding.verdict,
      rate_per_hour_usd: finding.ratePerHour === null ? null : usdText(finding.ratePerHour, 9),
    },
  }
}

function instanceIdOf({ owner }: Found): InstanceId | null {
  return owner?.instanceId ?? null
}
