import { createHmac } from 'node:crypto'
import { type Instant, secondMs } from '../core/time.ts'
import type { WebhookStyle } from '../core/webhooks/webhook.ts'

export interface Signed {
  style: WebhookStyle
  id: string
  /** The very bytes that are sent. */
  body: string
  /** The newest first. The standard style signs with each, so that a receiver may take up the new one when it likes. */
  secrets: readonly string[]
}

export function signatureHeaders(message: Signed, now: Instant): Record<string, string> {
  const timestamp = String(Math.floor(now / secondMs))
  return message.style === 'standard' ? standardHeaders(message, timestamp) : contractHeaders(message, timestamp)
}

/** @source standardwebhooks.com, specification 1.0: "webhook-id.webhook-timestamp.body", HMAC-SHA256, base64, `v1,` before it */
function standardHeaders({ id, body, secrets }: Signed, timestamp: string): Record<string, string> {
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}

/**
 * Contract 002 names the header in three ways in its own texts; all three carry the same. The timestamp is not part of what
 * is signed.
 */
function contractHeaders({ body, secrets: [secret] }: Signed, timestamp: string): Record<string, string> {
  if (secret === undefined) return { 'x-webhook-timestamp': timestamp }
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  return {
    'x-webhook-signature': signature,
    'x-signature': signature,
    'x-signature-sha256': signature,
    'x-webhook-timestamp': timestamp,
  }
}
