import type { Selectable } from 'kysely'
import type { Charge } from '../core/charges/charge.ts'
import { type Instance, type InstanceId, type Launch, noPolicies, type Wish } from '../core/instances/instance.ts'
import { nanos } from '../core/money.ts'
import type { ProviderName } from '../core/providers.ts'
import { fromJsonText, jsonText } from './json.ts'
import type { ChargesTable, InstancesTable, LaunchesTable } from './tables.ts'

export function instanceFromRow(row: Selectable<InstancesTable>, launch: Launch | null): Instance {
  return {
    id: row.id as InstanceId,
    project: row.project,
    label: row.label,
    wish: wishFromText(row.wish),
    wanted: row.wanted as Instance['wanted'],
    status: row.status as Instance['status'],
    because: row.because as Instance['because'],
    message: row.message,
    statusSince: row.status_since,
    createdAt: row.created_at,
    endedAt: row.ended_at,
    attempt: row.attempt,
    launch,
  }
}

/** One that was written down before a policy existed is without it. */
function wishFromText(text: string): Wish {
  const wish = fromJsonText<Wish>(text)
  return { ...wish, policies: { ...noPolicies, ...wish.policies } }
}

export function launchFromRow(row: Selectable<LaunchesTable>): Launch {
  return {
    instanceId: row.instance_id as InstanceId,
    attempt: row.attempt,
    label: row.label,
    provider: row.provider as ProviderName,
    account: row.account,
    keyMark: row.key_mark,
    offer: fromJsonText(row.offer),
    comparablePrice: nanos(row.comparable_price_nano),
    externalId: row.external_id,
    intendedAt: row.intended_at,
    answeredAt: row.answered_at,
    rentedAt: row.rented_at,
    upAt: row.up_at,
    startOrderedAt: row.start_ordered_at,
    abandonedAt: row.abandoned_at,
    abandonedBecause: row.abandoned_because as Launch['abandonedBecause'],
    settledAt: row.settled_at,
    pricePerHour: row.price_nano === null ? null : nanos(row.price_nano),
    ssh: row.ssh === null ? null : fromJsonText(row.ssh),
    endpoints: fromJsonText(row.endpoints),
    providerStatus: row.provider_status,
    providerMessage: row.provider_message,
    lastSeenAt: row.last_seen_at,
    missedLooks: row.missed_looks,
    missedAt: row.missed_at,
    metersOffAt: fromJsonText(row.meters_off_at),
    orderedAt: row.ordered_at,
    orders: row.orders,
    alarmedAt: row.alarmed_at,
    lastAddresses: row.last_addresses === null ? null : fromJsonText(row.last_addresses),
    bidPerHour: row.bid_nano === null ? null : nanos(row.bid_nano),
    onDemandPrice: row.on_demand_nano === null ? null : nanos(row.on_demand_nano),
    interruptedAt: row.interrupted_at,
    reclaimAt: row.reclaim_at,
    reclaimNoticedAt: row.reclaim_noticed_at,
    checkpointStartedAt: row.checkpoint_started_at,
    checkpointEndedAt: row.checkpoint_ended_at,
    checkpointResult: row.checkpoint_result as Launch['checkpointResult'],
    hostKey: row.host_key,
    deadManMs: row.dead_man_ms,
    deadManHeardAt: row.dead_man_heard_at,
    deadManWarnedAt: row.dead_man_warned_at,
  }
}

/** As it is first written down: the claims are the store's own business. */
export function rowFromLaunch(launch: Launch): LaunchesTable {
  return {
    instance_id: launch.instanceId,
    attempt: launch.attempt,
    label: launch.label,
    provider: launch.provider,
    account: launch.account,
    key_mark: launch.keyMark,
    offer: jsonText(launch.offer),
    comparable_price_nano: launch.comparablePrice,
    external_id: launch.externalId,
    intended_at: launch.intendedAt,
    answered_at: launch.answeredAt,
    rented_at: launch.rentedAt,
    up_at: launch.upAt,
    start_ordered_at: launch.startOrderedAt,
    abandoned_at: launch.abandonedAt,
    abandoned_because: launch.abandonedBecause,
    settled_at: launch.settledAt,
    price_nano: launch.pricePerHour,
    ssh: launch.ssh === null ? null : jsonText(launch.ssh),
    endpoints: jsonText(launch.endpoints),
    provider_status: launch.providerStatus,
    provider_message: launch.providerMessage,
    last_seen_at: launch.lastSeenAt,
    missed_looks: launch.missedLooks,
    missed_at: launch.missedAt,
    meters_off_at: jsonText(launch.metersOffAt),
    ordered_at: launch.orderedAt,
    orders: launch.orders,
    alarmed_at: launch.alarmedAt,
    last_addresses: launch.lastAddresses === null ? null : jsonText(launch.lastAddresses),
    bid_nano: launch.bidPerHour,
    on_demand_nano: launch.onDemandPrice,
    interrupted_at: launch.interruptedAt,
    reclaim_at: launch.reclaimAt,
    reclaim_noticed_at: launch.reclaimNoticedAt,
    checkpoint_started_at: launch.checkpointStartedAt,
    checkpoint_ended_at: launch.checkpointEndedAt,
    checkpoint_result: launch.checkpointResult,
    host_key: launch.hostKey,
    dead_man_ms: launch.deadManMs,
    dead_man_heard_at: launch.deadManHeardAt,
    dead_man_warned_at: launch.deadManWarnedAt,
    due_at: null,
    claim_token: 0,
    claimed_until: 0,
  }
}

/** The columns that change while a launch lives; its key, label, offer and prices never do. */
export function launchChanges(change: Partial<Launch>) {
  return {
    ...(change.externalId !== undefined && { external_id: change.externalId }),
    ...(change.answeredAt !== undefined && { answered_at: change.answeredAt }),
    ...(change.rentedAt !== undefined && { rented_at: change.rentedAt }),
    ...(change.upAt !== undefined && { up_at: change.upAt }),
    ...(change.startOrderedAt !== undefined && { start_ordered_at: change.startOrderedAt }),
    ...(change.abandonedAt !== undefined && { abandoned_at: change.abandonedAt }),
    ...(change.abandonedBecause !== undefined && { abandoned_because: change.abandonedBecause }),
    ...(change.settledAt !== undefined && { settled_at: change.settledAt }),
    ...(change.pricePerHour !== undefined && { price_nano: change.pricePerHour }),
    ...(change.ssh !== undefined && { ssh: change.ssh === null ? null : jsonText(change.ssh) }),
    ...(change.endpoints !== undefined && { endpoints: jsonText(change.endpoints) }),
    ...(change.providerStatus !== undefined && { provider_status: change.providerStatus }),
    ...(change.providerMessage !== undefined && { provider_message: change.providerMessage }),
    ...(change.lastSeenAt !== undefined && { last_seen_at: change.lastSeenAt }),
    ...(change.missedLooks !== undefined && { missed_looks: change.missedLooks }),
    ...(change.missedAt !== undefined && { missed_at: change.missedAt }),
    ...(change.metersOffAt !== undefined && { meters_off_at: jsonText(change.metersOffAt) }),
    ...(change.orderedAt !== undefined && { ordered_at: change.orderedAt }),
    ...(change.orders !== undefined && { orders: change.orders }),
    ...(change.alarmedAt !== undefined && { alarmed_at: change.alarmedAt }),
    ...(change.lastAddresses != null && { last_addresses: jsonText(change.lastAddresses) }),
    ...(change.bidPerHour !== undefined && { bid_nano: change.bidPerHour }),
    ...(change.onDemandPrice !== undefined && { on_demand_nano: change.onDemandPrice }),
    ...(change.interruptedAt !== undefined && { interrupted_at: change.interruptedAt }),
    ...(change.reclaimAt !== undefined && { reclaim_at: change.reclaimAt }),
    ...(change.reclaimNoticedAt !== undefined && { reclaim_noticed_at: change.reclaimNoticedAt }),
    ...(change.checkpointStartedAt !== undefined && { checkpoint_started_at: change.checkpointStartedAt }),
    ...(change.checkpointEndedAt !== undefined && { checkpoint_ended_at: change.checkpointEndedAt }),
    ...(change.checkpointResult !== undefined && { checkpoint_result: change.checkpointResult }),
    ...(change.hostKey !== undefined && { host_key: change.hostKey }),
    ...(change.deadManHeardAt !== undefined && { dead_man_heard_at: change.deadManHeardAt }),
    ...(change.deadManWarnedAt !== undefined && { dead_man_warned_at: change.deadManWarnedAt }),
  }
}

export function chargeFromRow(row: Selectable<ChargesTable>): Charge {
  return {
    instanceId: row.instance_id as InstanceId,
    attempt: row.attempt,
    kind: row.kind as Charge['kind'],
    sequence: row.sequence,
    ratePerHour: nanos(row.rate_nano),
    stepMs: row.step_ms,
    startedAfter: row.started_after,
    startedBefore: row.started_before,
    lastOnAt: row.last_on_at,
    certain: row.certain === 1,
    endedAfter: row.ended_after,
    endedBefore: row.ended_before,
  }
}

export function rowFromCharge(charge: Charge): ChargesTable {
  return {
    instance_id: charge.instanceId,
    attempt: charge.attempt,
    kind: charge.kind,
    sequence: charge.sequence,
    rate_nano: charge.ratePerHour,
    step_ms: charge.stepMs,
    started_after: charge.startedAfter,
    started_before: charge.startedBefore,
    last_on_at: charge.lastOnAt,
    certain: Number(charge.certain),
    ended_after: charge.endedAfter,
    ended_before: charge.endedBefore,
  }
}
