import type { Clock, Instant } from '../core/time.ts'
import type { OutboundRequest } from './outbound.ts'
import { type Transport, TransportError, type TransportReply, type TransportRequest } from './transport.ts'

/** A clock that stands still until it is told to go on, and then stops at every sleeper on the way. For tests. */
export function manualClock(start: Instant = Date.UTC(2026, 9, 1)): Clock & { advance(ms: number): Promise<void> } {
  let now = start
  let sleepers: { at: Instant; wake: () => void }[] = []

  async function advance(ms: number): Promise<void> {
    const target = now + ms
    await settle()
    for (let next = earliest(target); next; next = earliest(target)) {
      now = Math.max(now, next.at)
      sleepers = sleepers.filter((sleeper) => sleeper !== next)
      next.wake()
      await settle()
    }
    now = target
    await settle()
  }

  function earliest(until: Instant) {
    return sleepers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
  }

  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const sleeper = { at: now + ms, wake: resolve }
      sleepers.push(sleeper)
      signal?.addEventListener('abort', () => {
        sleepers = sleepers.filter((other) => other !== sleeper)
        reject(signal.reason)
      })
    })
  }

  return { now: () => now, sleep, advance }
}

/** Lets everything run that does not wait for time. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** What comes back: a reply, the lack of one, or silence. */
export type Step = Partial<TransportReply> | TransportError | 'silence'

/** Answers with one step after the other, and with the last one for ever. */
export function scriptedTransport(clock: Clock, ...script: Step[]) {
  const sent: { at: Instant; request: TransportRequest }[] = []
  const transport: Transport = async (request) => {
    sent.push({ at: clock.now(), request })
    const step = script.length > 1 ? script.shift() : script[0]
    if (step === 'silence') return new Promise(() => {})
    if (step instanceof TransportError) throw step
    return { status: 200, headers: {}, body: '{}', ...step }
  }
  return { transport, sent, follow: (...steps: Step[]) => script.splice(0, script.length, ...steps) }
}

export function aRequest(request: Partial<OutboundRequest> = {}): OutboundRequest {
  return {
    target: 'vast',
    account: 'main',
    operation: 'look',
    method: 'GET',
    url: 'https://console.vast.example/api/v1/instances/',
    limits: [],
    repeat: 'safe',
    ...request,
  }
}
