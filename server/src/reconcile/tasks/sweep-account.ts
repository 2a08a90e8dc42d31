import type { BilledThing } from '../../core/billed-thing.ts'
import type { GpuCatalogue } from '../../core/gpus/gpu.ts'
import { launchFromLabel } from '../../core/ids.ts'
import type { ProviderName } from '../../core/providers.ts'
import { type Adoption, adoptedFrom, adoptedLaunch } from '../../core/reconciliation/adopted.ts'
import type { Account, Finding, UnknownMachinePolicy, Verdict } from '../../core/reconciliation/finding.ts'
import { type Judged, judge, labelIn, type Seen } from '../../core/reconciliation/judge.ts'
import { type Clock, hourMs, type Instant, minuteMs, secondMs } from '../../core/time.ts'
import type { Log } from '../../observability/log.ts'
import { type Look, type Provider, ProviderError } from '../../providers/provider.ts'
import type { NewEvent } from '../../store/events.ts'
import type { FindingStore } from '../../store/findings.ts'
import type { StrayStore } from '../../store/strays.ts'
import type { Fleet } from '../fleet.ts'
import type { KeyMarks } from '../sight.ts'
import { machineAdopted, strayEnded, strayFound, strayStays, strayUnsettled } from './sweep-events.ts'

export interface SweepAccountDeps {
  findings: FindingStore
  strays: StrayStore
  fleet: Fleet
  keyMarkOf: KeyMarks
  gpus: Pick<GpuCatalogue, 'recognise' | 'find'>
  installation: string
  unknownMachines: UnknownMachinePolicy
  /** What VAST_INSTANCE_ID names. */
  vastInstanceId?: string | undefined
  countAlarm?: (provider: ProviderName) => void
  clock: Clock
  log: Log
}

/** Looks closer together than this count as the same. */
const sameLookMs = secondMs
/** Orders are given with every sweep. */
const orderEveryMs = 2 * minuteMs
const fewestQuietOrders = 5
const alarmEveryOrders = 30

/**
 * Compares all that one account bills with all that we know, writes it down, and has ended what nothing wants. What the
 * account does not tell stays as it was found before.
 */
export async function sweepAccount(provider: Provider, deps: SweepAccountDeps): Promise<void> {
  const account: Account = { provider: provider.name, account: provider.account }
  const [fleet, around] = await Promise.all([deps.fleet.look(provider, sameLookMs), lookAround(provider)])
  const before = await deps.findings.ofAccount(account)
  const checkedBefore = (await deps.findings.checkOf(account))?.checkedAt ?? null
  const now = deps.clock.now()
  if (fleet.kind === 'failed') {
    const check = { ...account, checkedAt: checkedBefore, triedAt: now, error: fleet.why }
    return deps.findings.record(check, { machines: null, things: null }, [])
  }

  const things = 'things' in around ? around.things : null
  const seen: Seen = { machines: fleet.look.machines, things: things ?? [], begunAt: fleet.begunAt }
  const { installation, unknownMachines: unknown } = deps
  const namedMachine = provider.name === 'vast' ? deps.vastInstanceId : undefined
  const judgeNow = async () =>
    judge(seen, await knownOf(provider.name, fleet.look, seen.things, deps), { installation, unknown, namedMachine })
  const judged = await judgeNow()
  const known = new Map(before.map((one) => [keyOf(one), one]))
  const alarms: NewEvent[] = []
  const found: { finding: Finding; ends: boolean }[] = []
  for (const one of judged) {
    const knownOne = known.get(keyOf(one))
    const verdict = await takenCareOf(one, provider, now, deps)
    if (verdict !== 'refused') {
      found.push({
        finding: findingOf({ ...one, verdict }, account, knownOne, now),
        ends: one.action?.kind === 'end',
      })
      continue
    }
    // Somebody may have written it down meanwhile. Otherwise it never can be, and bills without an owner.
    const again = (await judgeNow()).find((other) => keyOf(other) === keyOf(one)) ?? one
    const finding = findingOf(again, account, knownOne, now)
    const isStuck = again.action !== null
    found.push({ finding, ends: isStuck && again.verdict === 'ours_unwanted' })
    if (isStuck && again.verdict === 'ours_unknown' && isHourly(knownOne, now))
      alarms.push(strayUnsettled(finding, now))
  }

  const findings = found.map(({ finding }) => finding)
  const isThere = new Set(findings.map(keyOf))
  const gone = before.filter(
    (one) => one.orders > 0 && (one.kind === 'machine' || things !== null) && !isThere.has(keyOf(one)),
  )
  const trouble = [
    'why' in around ? `what it bills beside machines is not known: ${around.why}` : null,
    await whyOutOfSight(provider, fleet.look, deps),
  ].find((why) => why !== null)
  await deps.findings.record(
    { ...account, checkedAt: trouble === undefined ? now : checkedBefore, triedAt: now, error: trouble ?? null },
    {
      machines: findings.filter(({ kind }) => kind === 'machine'),
      things: things === null ? null : findings.filter(({ kind }) => kind !== 'machine'),
    },
    [...gone.map((one) => strayEnded(one, now)), ...alarms],
  )
  for (const alarm of alarms) sound(alarm, provider.name, deps)
  for (const { finding, ends } of found) if (ends) await end(finding, provider, deps)
}

async function lookAround(provider: Provider): Promise<{ things: BilledThing[] } | { why: string }> {
  try {
    return { things: await provider.lookAround() }
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    return { why: error.message }
  }
}

/** With a key of another account the list is good, and what bills with the key before is not in it. Null: nothing does. */
async function whyOutOfSight(
  provider: Provider,
  { machines }: Look,
  { findings, keyMarkOf }: Pick<SweepAccountDeps, 'findings' | 'keyMarkOf'>,
): Promise<string | null> {
  const { name, account } = provider
  const rented = await findings.rentedWithAnotherKey({ provider: name, account }, keyMarkOf(provider))
  const ours = new Set(rented.flatMap(({ externalId, label }) => [externalId, label]).filter((name) => name !== null))
  const isShown = machines.some(({ externalId, label }) => ours.has(externalId) || (label !== null && ours.has(label)))
  // One of them is enough: it is another key of the same account.
  if (rented.length === 0 || isShown) return null
  return `its key is another one, and shows none of the ${rented.length} machines rented with the one before: set that one too, or release them`
}

async function knownOf(
  provider: ProviderName,
  { machines }: Look,
  things: readonly BilledThing[],
  { findings }: Pick<SweepAccountDeps, 'findings'>,
) {
  const labels = [...machines.map(({ label }) => label), ...things.map(({ name }) => labelIn(name))]
  const named = [...new Set(labels)].filter((label) => label !== null)
  const holders = things.map(({ attachedTo }) => attachedTo).filter((id) => id !== null)
  return findings.knownAs(provider, {
    externalIds: [...new Set([...machines.map(({ externalId }) => externalId), ...holders])],
    labels: named,
    instanceIds: named.map((label) => launchFromLabel(label)?.instance).filter((id) => id !== undefined),
  })
}

/** With the first look, and then once in every hour. */
function isHourly(known: Finding | undefined, now: Instant): boolean {
  return known === undefined || Math.floor(known.lastSeenAt / hourMs) !== Math.floor(now / hourMs)
}

/** What takes only a decision of ours is done at once. @returns the verdict from then on; `refused`: nothing was written */
async function takenCareOf(
  one: Judged,
  provider: Provider,
  now: Instant,
  deps: SweepAccountDeps,
): Promise<Verdict | 'refused'> {
  const { action } = one
  if (action === null || action.kind === 'end') return one.verdict
  const finding = { ...one, provider: provider.name, account: provider.account }
  const keyMark = deps.keyMarkOf(provider)
  if (action.kind === 'reopen') {
    const where = { externalId: action.machine.externalId, account: provider.account, keyMark }
    const alarm = strayFound(finding, now)
    if (!(await deps.strays.reopen(action.launch, where, now, alarm))) return 'refused'
    sound(alarm, provider.name, deps)
    return 'ending'
  }

  const { machine, instanceId, attempt, wanted } = action
  const { installation, gpus } = deps
  const { name, account } = provider
  const adoption: Adoption = { machine, provider: name, account, keyMark, installation, instanceId, attempt, wanted }
  const event = one.verdict === 'ours_unwanted' ? strayFound(finding, now) : machineAdopted(finding, wanted, now)
  const done =
    action.kind === 'adopt'
      ? await deps.strays.adopt(adoptedFrom(adoption, { now, gpus }), event)
      : await deps.strays.take(adoptedLaunch(adoption, { now, gpus }), wanted, now, event)
  if (!done) return 'refused'
  sound(event, provider.name, deps)
  return wanted === 'up' ? 'wanted' : 'ending'
}

function findingOf(one: Judged, account: Account, known: Finding | undefined, now: Instant): Finding {
  const { action: _, ...what } = one
  return {
    ...account,
    ...what,
    firstSeenAt: known?.firstSeenAt ?? now,
    lastSeenAt: now,
    orderedAt: known?.orderedAt ?? null,
    orders: known?.orders ?? 0,
  }
}

function keyOf({ kind, externalId }: Pick<Finding, 'kind' | 'externalId'>): string {
  return `${kind} ${externalId}`
}

/** The order is written down, and only then given; repeated with every sweep until it is gone. */
async function end(finding: Finding, provider: Provider, deps: SweepAccountDeps): Promise<void> {
  const now = deps.clock.now()
  const event = newsOf(finding, provider, now)
  await deps.findings.recordOrder(finding, now, event)
  if (event !== undefined) sound(event, finding.provider, deps)
  try {
    if (finding.kind === 'machine') await provider.terminate(finding.externalId)
    else await provider.endThing({ kind: finding.kind, externalId: finding.externalId })
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    const { provider: name, account, kind, externalId, label } = finding
    const what = { provider: name, account, what: kind, id: externalId, label }
    deps.log.warn('order not accepted', { order: 'end', ...what, kind: error.kind, error: error.message })
  }
}

/** Of its first order; and when its marketplace should have ended it by then, and every hour again. */
function newsOf(finding: Finding, provider: Provider, now: Instant): NewEvent | undefined {
  const { orders } = finding
  if (orders === 0) return strayFound(finding, now)
  const { endDeadlineMs } = provider.describe().abilities
  const beyond = orders - Math.max(fewestQuietOrders, Math.ceil(endDeadlineMs / orderEveryMs))
  const isNews = beyond >= 0 && beyond % alarmEveryOrders === 0
  return isNews ? strayStays(finding, now) : undefined
}

function sound(
  { message, instanceId, data }: NewEvent,
  provider: ProviderName,
  { log, countAlarm }: Pick<SweepAccountDeps, 'log' | 'countAlarm'>,
): void {
  log.error(message, { instanceId, ...data })
  countAlarm?.(provider)
}
