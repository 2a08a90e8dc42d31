import { type Clock, secondMs } from '../core/time.ts'
import { type DeliveryResult, nextTryAt } from '../core/webhooks/webhook.ts'
import { type Outbound, OutboundError } from './outbound.ts'
import { type Signed, signatureHeaders } from './webhook-signature.ts'

export interface WebhookMessage extends Signed {
  url: string
}

/** One try. What went wrong is a result, not an error. */
export type SendWebhook = (message: WebhookMessage, signal?: AbortSignal) => Promise<DeliveryResult>

export interface WebhookSenderDeps {
  outbound: Outbound
  clock: Pick<Clock, 'now'>
  /** Also to addresses of our own network. */
  allowPrivate: boolean
}

const longestMs = 10 * secondMs
const enoughBytes = 8 * 1024

export function createWebhookSender({ outbound, clock, allowPrivate }: WebhookSenderDeps): SendWebhook {
  return async (message, signal) => {
    try {
      const { status } = await outbound.send({
        target: 'webhook',
        account: 'all',
        farSide: 'receiver',
        allowPrivate,
        operation: 'deliver',
        method: 'POST',
        url: message.url,
        headers: signatureHeaders(message, clock.now()),
        text: message.body,
        limits: [],
        // Repeats are ours to time, and each carries a new timestamp.
        repeat: 'once',
        timeoutMs: longestMs,
        readBytes: enoughBytes,
        signal,
      })
      return resultOf(status, message)
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error
      return { kind: 'failed', status: null, error: reasonOf(error), final: false }
    }
  }
}

function resultOf(status: number, { style }: WebhookMessage): DeliveryResult {
  if (status >= 200 && status < 300) return { kind: 'delivered', status }
  if (status === 410 && style === 'standard') return { kind: 'gone', status }
  const error = status >= 300 && status < 400 ? `HTTP ${status}: redirects are not followed` : `HTTP ${status}`
  return { kind: 'failed', status, error, final: style === 'contract002' && status >= 400 && status < 500 }
}

/** Without the address: some receivers have their key in it. */
function reasonOf({ message }: OutboundError): string {
  return message.replace(/^webhook deliver \(.*?\): /s, '').slice(0, 200)
}

/** A webhook as contract 002 promises it: to the address that came with the request, three tries, a 4xx is final. */
export async function sendContractWebhook(
  { url, payload, secret }: { url: string; payload: object; secret: string | null },
  { send, clock, signal }: { send: SendWebhook; clock: Clock; signal?: AbortSignal },
): Promise<DeliveryResult> {
  const body = JSON.stringify(payload)
  const message = { style: 'contract002', id: '', url, body, secrets: secret === null ? [] : [secret] } as const
  for (let tries = 1; ; tries += 1) {
    const result = await send(message, signal)
    const again = nextTryAt('contract002', tries, clock.now(), 0)
    if (result.kind !== 'failed' || result.final || again === null || signal?.aborted) return result
    await clock.sleep(again - clock.now(), signal)
  }
}
