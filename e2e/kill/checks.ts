/** What must hold when all is over, whatever was killed when. Each check tells what is wrong, in sentences. */

import { launchFromLabel } from '../../server/src/core/ids.ts'
import { nanosFromUsd } from '../../server/src/core/money.ts'
import { type ProviderName, providerNames } from '../../server/src/core/providers.ts'
import type { BillLine } from '../../simulators/kit/bill.ts'
import type { Markets } from '../kit/markets.ts'
import type { Promised } from './load.ts'

export interface ChargeView {
  attempt: number
  kind: string
  started_after: string
  started_before: string
  ended_after: string | null
  ended_before: string | null
  amount_usd: string
  amount_at_least_usd: string
  exact: boolean
}

export interface InstanceSeen {
  id: string
  label: string | null
  status: string
  wanted: string
  /** Filled in at the end. */
  charges: readonly ChargeView[]
}

export interface Facts {
  markets: Markets
  instances: ReadonlyMap<string, InstanceSeen>
  promised: ReadonlyMap<string, Promised>
  /** When a server was up and answered. */
  lives: readonly { from: number; until: number }[]
  /** Whether time was given to have all ends confirmed. */
  isSettled: boolean
}

const over = new Set(['terminated', 'failed'])

/** The worst fear: a machine that bills and that nobody knows of. */
export function nothingBilledIsUnknown({ markets, instances }: Facts): string[] {
  const machines = markets.ours().flatMap(({ id, label, provider, billing }) => {
    const named = launchFromLabel(label)
    if (named !== undefined && instances.has(named.instance)) return []
    return [`machine ${id} at ${provider} carries ${label}, which no instance explains${billing ? ', and bills' : ''}`]
  })
  const billed = providerNames.flatMap((provider) =>
    billOfOurs(markets, provider)
      .filter(({ thing, label }) => thing === undefined && launchFromLabel(label) === undefined)
      .map((line) => `a line of the bill of ${provider} is nobody's: ${JSON.stringify(line)}`),
  )
  return [...machines, ...billed]
}

export function nothingBillsAnyMore({ markets }: Facts): string[] {
  const machines = markets
    .ours()
    .filter(({ billing }) => billing)
    .map(({ id, provider, label, state }) => `machine ${id} at ${provider} (${label}, ${state}) still bills`)
  const things = providerNames.flatMap((provider) =>
    markets.simulators[provider].marketplace
      .things()
      .filter(({ billing, attachedTo }) => billing && !isForeign(markets, provider, attachedTo))
      .map(({ id, kind, name }) => `${kind} ${id} at ${provider} (${name}) still bills`),
  )
  return [...machines, ...things]
}

/** A lost reply is settled by looking for the label, never by launching again. */
export function neverTwoMachinesForOneLabel({ markets }: Facts): string[] {
  const seen = new Map<string, string>()
  return markets.ours().flatMap(({ id, label, provider }) => {
    if (label === null) return []
    const other = seen.get(label)
    seen.set(label, `${id} at ${provider}`)
    return other === undefined ? [] : [`${label} is on ${other}, and on ${id} at ${provider}`]
  })
}

export function nothingPromisedIsLost({ instances, promised, isSettled }: Facts): string[] {
  const byLabel = new Map<string | null, number>()
  for (const { label } of instances.values()) byLabel.set(label, (byLabel.get(label) ?? 0) + 1)
  return [...promised.values()].flatMap(({ id, label, wanted }) => {
    const one = instances.get(id)
    if (one === undefined) return [`instance ${id} was answered with 201, and is gone`]
    if (byLabel.get(label) !== 1) return [`the launch ${label} made ${byLabel.get(label)} instances`]
    if (over.has(one.status)) return []
    if (wanted === 'ended' && isSettled) return [`the end of ${id} was acknowledged, and it is ${one.status}`]
    if (wanted !== null && one.wanted !== wanted) {
      return [`${id} was acknowledged to be wanted ${wanted}, and is wanted ${one.wanted}`]
    }
    return []
  })
}

/** One that nobody was promised: the answer was lost, and no repetition asked for it. */
export function nobodyGotMoreThanTheyAskedFor({ instances, promised }: Facts): string[] {
  return [...instances.values()]
    .filter(({ id }) => !promised.has(id))
    .map(({ id, label }) => `instance ${id} (${label}) exists, and no call was answered with it`)
}

/** A look, the second one that an absence takes, and what our own pace of calls adds. */
const widestMs = 60_000
/** A machine that ended before any list showed it is only known to be gone when a list that lags would have shown it. */
const listLagMs: Record<ProviderName, number> = {
  vast: 60_000,
  runpod: 30_000,
  lambda: 180_000,
  paperspace: 30_000,
  novita: 15_000,
}

/**
 * The ledger of each machine against its bill: the bill lies between the least and the most we say, to the nano-dollar;
 * where the marketplace's own times determine it, they are equal. The time in which no server was up does not count.
 */
export function ledgerHoldsTheBill(facts: Facts): string[] {
  const { markets, instances } = facts
  return markets.ours().flatMap(({ id, label, provider }) => {
    const named = launchFromLabel(label)
    if (named === undefined) return []
    const instance = instances.get(named.instance)
    // Its ledger is not closed yet.
    if (instance === undefined || !over.has(instance.status)) return []
    const charges = instance.charges.filter(({ attempt }) => attempt === named.attempt)
    const lines = billOfOurs(markets, provider).filter(({ machineId }) => machineId === id)
    return (['gpu', 'disk'] as const).flatMap((kind) => {
      const ours = charges.filter((charge) => charge.kind === kind)
      const bill = total(lines.filter((line) => line.kind === kind).map(({ amount }) => BigInt(amount)))
      const least = total(ours.map(({ amount_at_least_usd }) => nanosFromUsd(amount_at_least_usd)))
      const most = total(ours.map(({ amount_usd }) => nanosFromUsd(amount_usd)))
      const isExact = ours.length > 0 && ours.every(({ exact }) => exact)
      const mistakes: string[] = []
      if (bill < least || bill > most || (isExact && bill !== most)) {
        mistakes.push(
          `${label} at ${provider}: ${kind} is billed ${bill}, and we say ${least} to ${most}\n    ours   ${JSON.stringify(ours)}\n    theirs ${JSON.stringify(lines)}`,
        )
      }
      for (const charge of ours) {
        const widthMs = widest(charge, facts)
        if (widthMs > widestMs + (isUnseen(charge) ? listLagMs[provider] : 0)) {
          mistakes.push(
            `${label} at ${provider}: ${kind} is vague by ${widthMs / 1000} s in which we were up: ${JSON.stringify(charge)}`,
          )
        }
      }
      return mistakes
    })
  })
}

/** It may have run in between or not: no look saw it. */
function isUnseen(charge: ChargeView): boolean {
  return charge.started_after === charge.ended_after && charge.started_before === charge.ended_before
}

/** The wider of its two ends; one that has not ended counts as far as it is known. */
export function widest(charge: ChargeView, { lives }: Pick<Facts, 'lives'>): number {
  const upMs = (after: string | null, before: string | null) => {
    if (after === null || before === null) return 0
    const [from, until] = [Date.parse(after), Date.parse(before)]
    return lives.reduce((sum, life) => sum + Math.max(0, Math.min(until, life.until) - Math.max(from, life.from)), 0)
  }
  return Math.max(upMs(charge.started_after, charge.started_before), upMs(charge.ended_after, charge.ended_before))
}

/** Machines of others are not ours to touch. */
export function foreignMachinesAreLeftAlone({ markets }: Facts): string[] {
  return providerNames.flatMap((provider) => {
    const billing = new Set(
      markets.simulators[provider].marketplace
        .machines()
        .filter((machine) => machine.billing)
        .map(({ id }) => id),
    )
    const gone = [...(markets.foreign.get(provider) ?? [])].filter((id) => !billing.has(id))
    return gone.map((id) => `machine ${id} at ${provider} is not ours, and does not run any more`)
  })
}

export function noSecretIsTold(secrets: readonly string[], outputs: readonly string[]): string[] {
  return outputs.flatMap((output) =>
    secrets
      .filter((secret) => output.includes(secret))
      .map((secret) => `a secret (${secret.slice(0, 6)}…) stands in the log: …${around(output, secret)}`),
  )
}

function around(text: string, secret: string): string {
  const at = text.indexOf(secret)
  return text.slice(Math.max(0, at - 200), at)
}

function billOfOurs(markets: Markets, provider: ProviderName): BillLine[] {
  const { lines } = markets.simulators[provider].marketplace.bill()
  return lines.filter(({ machineId, amount }) => BigInt(amount) > 0n && !isForeign(markets, provider, machineId))
}

function isForeign(markets: Markets, provider: ProviderName, id: string | null): boolean {
  return id !== null && markets.foreign.get(provider)?.has(id) === true
}

function total(amounts: readonly bigint[]): bigint {
  return amounts.reduce((sum, one) => sum + one, 0n)
}
