import type { Selectable } from 'kysely'
import type { Instant } from '../core/time.ts'
import { dayMs } from '../core/time.ts'
import { type DeliveryResult, nextTryAt, type WebhookStyle } from '../core/webhooks/webhook.ts'
import { addEvents, type NewEvent } from './events.ts'
import { fromJsonText, jsonText } from './json.ts'
import type { Sealer } from './sealer.ts'
import type { Database } from './sqlite.ts'
import type { WebhookDeliveriesTable, WebhooksTable } from './tables.ts'

export interface Webhook {
  id: string
  url: string
  style: WebhookStyle
  /** Patterns of types; empty: everything. */
  events: readonly string[]
  enabled: boolean
  disabledBecause: string | null
  createdAt: Instant
}

export interface WebhookSecrets {
  current: string
  /** Still signs beside the current one until then. */
  previous: { secret: string; until: Instant } | null
}

export const deliveryStates = ['pending', 'delivered', 'dead'] as const
export type DeliveryState = (typeof deliveryStates)[number]

export interface Delivery {
  id: string
  webhookId: string
  eventId: number
  type: string
  body: string
  state: DeliveryState
  tries: number
  createdAt: Instant
  /** When it is tried next; null when it has ended. */
  dueAt: Instant | null
  endedAt: Instant | null
  lastStatus: number | null
  lastError: string | null
}

/** The right to deliver it for a while. What is recorded under an older token is refused. */
export interface DeliveryClaim {
  delivery: Delivery
  token: number
}

export interface DeliveryQuery {
  webhookId: string
  state?: DeliveryState
  /** Only those of events before this one. */
  before?: number
  limit: number
}

export interface OutboxCounts {
  pending: number
  dead: number
  /** When the oldest that is pending was written down; null when none is. */
  oldestAt: Instant | null
}

export interface WebhookStore {
  add(webhook: Webhook, secret: string, event: NewEvent): Promise<void>
  list(): Promise<Webhook[]>
  get(id: string): Promise<Webhook | undefined>
  secretsOf(id: string): Promise<WebhookSecrets>
  /** @returns false when there is none */
  change(id: string, change: Partial<Pick<Webhook, 'url' | 'events' | 'enabled'>>, event: NewEvent): Promise<boolean>
  replaceSecrets(id: string, secrets: WebhookSecrets, event: NewEvent): Promise<boolean>
  /** Its deliveries go with it. */
  remove(id: string, event: NewEvent): Promise<boolean>

  /** Newest first. */
  deliveries(query: DeliveryQuery): Promise<Delivery[]>
  delivery(webhookId: string, id: string): Promise<Delivery | undefined>
  /** Has a dead letter tried again, from the beginning. @returns false when it is not dead */
  replay(webhookId: string, id: string, now: Instant): Promise<boolean>
  /** The endpoints for which something is due. */
  waiting(now: Instant): Promise<string[]>
  claimNext(webhookId: string, now: Instant, forMs: number): Promise<DeliveryClaim | undefined>
  /** @returns false when the claim was lost; then nothing is written */
  record(
    claim: DeliveryClaim,
    result: DeliveryResult,
    retry: { style: WebhookStyle; now: Instant; chance: number },
  ): Promise<boolean>
  /** Nobody wants these any more: the endpoint is switched off, and the delivery is dead. */
  recordGone(claim: DeliveryClaim, now: Instant, event: NewEvent): Promise<boolean>
  counts(): Promise<OutboxCounts>
  prune(before: { delivered: Instant; dead: Instant }): Promise<void>
}

/** Longer ahead than any wait: the clock was set back. */
const mostAheadMs = 2 * dayMs

export function createWebhookStore(database: Database, sealer: Sealer): WebhookStore {
  /** A change of one endpoint, with its event, or nothing. */
  function changed(id: string, columns: Partial<WebhooksTable>, event: NewEvent): Promise<boolean> {
    return database.transaction().execute(async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('webhooks')
        .set({ ...columns, id })
        .where('id', '=', id)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) return false
      await addEvents(transaction, [event])
      return true
    })
  }

  return {
    add(webhook, secret, event) {
      return database.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('webhooks')
          .values({
            id: webhook.id,
            url: webhook.url,
            style: webhook.style,
            events: jsonText(webhook.events),
            sealed: sealer.seal({ current: secret, previous: null } satisfies WebhookSecrets),
            enabled: Number(webhook.enabled),
            disabled_because: webhook.disabledBecause,
            created_at: webhook.createdAt,
          })
          .execute()
        await addEvents(transaction, [event])
      })
    },

    async list() {
      const rows = await database.selectFrom('webhooks').selectAll().orderBy('created_at').orderBy('id').execute()
      return rows.map(webhookFromRow)
    },

    async get(id) {
      const row = await database.selectFrom('webhooks').selectAll().where('id', '=', id).executeTakeFirst()
      return row && webhookFromRow(row)
    },

    async secretsOf(id) {
      const row = await database.selectFrom('webhooks').select('sealed').where('id', '=', id).executeTakeFirstOrThrow()
      return sealer.open<WebhookSecrets>(row.sealed)
    },

    change(id, { url, events, enabled }, event) {
      const columns = {
        ...(url !== undefined && { url }),
        ...(events !== undefined && { events: jsonText(events) }),
        ...(enabled !== undefined && { enabled: Number(enabled), disabled_because: null }),
      }
      return changed(id, columns, event)
    },

    replaceSecrets: (id, secrets, event) => changed(id, { sealed: sealer.seal(secrets) }, event),

    remove(id, event) {
      return database.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('webhook_deliveries').where('webhook_id', '=', id).execute()
        const { numDeletedRows } = await transaction.deleteFrom('webhooks').where('id', '=', id).executeTakeFirst()
        if (numDeletedRows === 0n) return false
        await addEvents(transaction, [event])
        return true
      })
    },

    async deliveries({ webhookId, state, before, limit }) {
      let select = database.selectFrom('webhook_deliveries').selectAll().where('webhook_id', '=', webhookId)
      if (state !== undefined) select = select.where('state', '=', state)
      if (before !== undefined) select = select.where('event_id', '<', before)
      return (await select.orderBy('event_id', 'desc').limit(limit).execute()).map(deliveryFromRow)
    },

    async delivery(webhookId, id) {
      const row = await database
        .selectFrom('webhook_deliveries')
        .selectAll()
        .where('id', '=', id)
        .where('webhook_id', '=', webhookId)
        .executeTakeFirst()
      return row && deliveryFromRow(row)
    },

    async replay(webhookId, id, now) {
      const { numUpdatedRows } = await database
        .updateTable('webhook_deliveries')
        .set({ state: 'pending', tries: 0, due_at: now, ended_at: null, claimed_until: 0 })
        .where('id', '=', id)
        .where('webhook_id', '=', webhookId)
        .where('state', '=', 'dead')
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    async waiting(now) {
      const rows = await database
        .selectFrom('webhook_deliveries')
        .innerJoin('webhooks', 'webhooks.id', 'webhook_deliveries.webhook_id')
        .select('webhook_id')
        .distinct()
        .where('state', '=', 'pending')
        .where('enabled', '=', 1)
        .where(({ or, eb }) => or([eb('due_at', '<=', now), eb('due_at', '>', now + mostAheadMs)]))
        .execute()
      return rows.map((row) => row.webhook_id)
    },

    async claimNext(webhookId, now, forMs) {
      const row = await database
        .updateTable('webhook_deliveries')
        .set(({ eb }) => ({ claim_token: eb('claim_token', '+', 1), claimed_until: now + forMs }))
        .where('id', '=', (eb) =>
          eb
            .selectFrom('webhook_deliveries')
            .select('id')
            .where('webhook_id', '=', webhookId)
            .where('state', '=', 'pending')
            .where(({ or, eb }) => or([eb('due_at', '<=', now), eb('due_at', '>', now + mostAheadMs)]))
            .where(({ or, eb }) => or([eb('claimed_until', '<=', now), eb('claimed_until', '>', now + forMs)]))
            .orderBy('due_at')
            .orderBy('event_id')
            .limit(1),
        )
        .returningAll()
        .executeTakeFirst()
      return row && { delivery: deliveryFromRow(row), token: row.claim_token }
    },

    async record(claim, result, { style, now, chance }) {
      const tries = claim.delivery.tries + 1
      const again = result.kind === 'failed' && !result.final ? nextTryAt(style, tries, now, chance) : null
      return recorded(database, claim, {
        state: again !== null ? 'pending' : result.kind === 'delivered' ? 'delivered' : 'dead',
        due_at: again,
        ended_at: again === null ? now : null,
        last_status: result.status,
        last_error: result.kind === 'failed' ? result.error : null,
      })
    },

    recordGone(claim, now, event) {
      return database.transaction().execute(async (transaction) => {
        const ended = { state: 'dead', due_at: null, ended_at: now, last_status: 410, last_error: null }
        if (!(await recorded(transaction, claim, ended))) return false
        await transaction
          .updateTable('webhooks')
          .set({ enabled: 0, disabled_because: 'it answered 410 Gone' })
          .where('id', '=', claim.delivery.webhookId)
          .execute()
        await addEvents(transaction, [event])
        return true
      })
    },

    async counts() {
      const rows = await database
        .selectFrom('webhook_deliveries')
        .select(['state', ({ fn }) => fn.countAll<number>().as('count'), ({ fn }) => fn.min('created_at').as('oldest')])
        .where('state', 'in', ['pending', 'dead'])
        .groupBy('state')
        .execute()
      const pending = rows.find((row) => row.state === 'pending')
      const dead = rows.find((row) => row.state === 'dead')
      return {
        pending: Number(pending?.count ?? 0),
        dead: Number(dead?.count ?? 0),
        oldestAt: pending === undefined ? null : Number(pending.oldest),
      }
    },

    async prune({ delivered, dead }) {
      for (const [state, before] of [
        ['delivered', delivered],
        ['dead', dead],
      ] as const) {
        await database
          .deleteFrom('webhook_deliveries')
          .where('state', '=', state)
          .where('ended_at', '<', before)
          .execute()
      }
    },
  }
}

type Outcome = Pick<WebhookDeliveriesTable, 'state' | 'due_at' | 'ended_at' | 'last_status' | 'last_error'>

async function recorded(database: Database, { delivery, token }: DeliveryClaim, outcome: Outcome): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('webhook_deliveries')
    .set({ ...outcome, tries: delivery.tries + 1, claimed_until: 0 })
    .where('id', '=', delivery.id)
    .where('claim_token', '=', token)
    .where('state', '=', 'pending')
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

function webhookFromRow(row: Selectable<WebhooksTable>): Webhook {
  return {
    id: row.id,
    url: row.url,
    style: row.style as WebhookStyle,
    events: fromJsonText<string[]>(row.events),
    enabled: row.enabled === 1,
    disabledBecause: row.disabled_because,
    createdAt: row.created_at,
  }
}

function deliveryFromRow(row: Selectable<WebhookDeliveriesTable>): Delivery {
  return {
    id: row.id,
    webhookId: row.webhook_id,
    eventId: row.event_id,
    type: row.type,
    body: row.body,
    state: row.state as DeliveryState,
    tries: row.tries,
    createdAt: row.created_at,
    dueAt: row.due_at,
    endedAt: row.ended_at,
    lastStatus: row.last_status,
    lastError: row.last_error,
  }
}
