import { isoFrom } from '../core/time.ts'
import { wants, webhookType } from '../core/webhooks/webhook.ts'
import type { StoredEvent } from './events.ts'
import { fromJsonText } from './json.ts'
import type { Database } from './sqlite.ts'

/** One row for every endpoint that wants an event, in the transaction of the event: neither is there without the other. */
export async function addDeliveries(transaction: Database, events: readonly StoredEvent[]): Promise<void> {
  const webhooks = await transaction
    .selectFrom('webhooks')
    .select(['id', 'style', 'events'])
    .where('enabled', '=', 1)
    .execute()
  const rows = webhooks.flatMap((webhook) => {
    const patterns = fromJsonText<string[]>(webhook.events)
    return events
      .filter((event) => wants(patterns, webhookType(event)))
      .map((event) => ({
        id: messageId(event, webhook.id),
        webhook_id: webhook.id,
        event_id: event.id,
        type: webhookType(event),
        body: webhook.style === 'contract002' ? contractBody(event) : standardBody(event),
        state: 'pending',
        tries: 0,
        created_at: event.at,
        due_at: event.at,
        ended_at: null,
        last_status: null,
        last_error: null,
        claim_token: 0,
        claimed_until: 0,
      }))
  })
  if (rows.length > 0) await transaction.insertInto('webhook_deliveries').values(rows).execute()
}

/** Part of the hash is in it, because a database that was restored from a backup gives the same numbers again. */
function messageId({ id, hash }: StoredEvent, webhookId: string): string {
  return `msg_${id}_${hash.slice(0, 8)}_${webhookId.replace(/^wh_/, '')}`
}

const longestBody = 64 * 1024

/** Written once: every try sends the same bytes. */
function standardBody(event: StoredEvent): string {
  const body = (data: object) =>
    JSON.stringify({ type: webhookType(event), timestamp: isoFrom(event.at), data: { ...toldOf(event), ...data } })
  const whole = body({ data: event.data })
  return Buffer.byteLength(whole) <= longestBody ? whole : body({ data: { left_out: 'too long' } })
}

function toldOf(event: StoredEvent) {
  return {
    id: event.id,
    at: isoFrom(event.at),
    actor: event.actor,
    instance_id: event.instanceId,
    kind: event.kind,
    status: event.status,
    because: event.because,
    message: event.message,
  }
}

function contractBody(event: StoredEvent): string {
  return JSON.stringify({
    event: webhookType(event),
    instanceId: event.instanceId,
    status: event.status,
    timestamp: isoFrom(event.at),
    reason: event.because,
    message: event.message,
  })
}
