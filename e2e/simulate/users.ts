import { nanosFromUsd } from '../../server/src/core/money.ts'
import { type Instant, minuteMs, secondMs } from '../../server/src/core/time.ts'
import type { Random } from '../../simulators/kit/random.ts'
import type { Host, Reply } from './host.ts'
import type { Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'

/** What users were told. It holds from then on, whatever dies. */
export interface Promised {
  /** Instances that a launch was answered with. */
  instances: Set<string>
  /** By Idempotency-Key. */
  byKey: Map<string, string>
  /** Whose end was acknowledged, and when. */
  ended: Map<string, Instant>
  /** What was asked to hold for an instance. */
  policies: Map<string, AskedPolicies>
  /** Budgets for everything, in nano-dollars, from when on. */
  budgets: { limit: bigint; since: Instant }[]
  /** Everything that was answered, for the search for secrets. */
  told(text: string): void
  broken(promise: string): void
}

export interface AskedPolicies {
  idle_timeout_minutes?: number
  max_lifetime_hours?: number
}

export interface UsersDeps {
  host: Host
  timeline: Timeline
  trace: Trace
  random: Random
  promised: Promised
}

export interface Users {
  /** Launches, and repeats until it is answered where that is safe. */
  launch(body: Record<string, unknown>, key: string | null): Promise<string | undefined>
  setBudget(body: { limit_usd: string }): Promise<void>
  act(id: string, action: 'stop' | 'start' | 'restart'): Promise<void>
  /** Asks until it is acknowledged, or says that there is nothing of the kind. */
  end(id: string): Promise<void>
  look(path: string): Promise<Reply | undefined>
  /** Every instance there is, as the API lists them. */
  all(): Promise<{ id: string; status: string }[] | undefined>
}

/** What people and their scripts do: they call, lose patience, and call again. */
export function createUsers({ host, timeline, trace, random, promised }: UsersDeps): Users {
  async function call(
    method: Parameters<Host['call']>[0],
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) {
    const patience = new AbortController()
    const reply = await Promise.race([
      host.call(method, path, body, headers),
      timeline.sleep(minuteMs, patience.signal).then(
        () => undefined,
        () => undefined,
      ),
    ])
    patience.abort()
    const shown = reply?.body?.data?.id ?? reply?.body?.code ?? ''
    if (method !== 'GET') trace.add(`user    ${method} ${path} ${reply?.status ?? 'no answer'} ${shown}`)
    if (reply !== undefined) promised.told(reply.text)
    if (reply?.status === 500 && host.storeTrouble === null) promised.broken(`${method} ${path} answered ${reply.text}`)
    return reply
  }

  const pause = () => timeline.sleep(Math.floor(random.logNormal(8 * secondMs, 1)))

  async function launch(body: Record<string, unknown>, key: string | null): Promise<string | undefined> {
    const headers: Record<string, string> = key === null ? {} : { 'idempotency-key': key }
    for (let left = key === null ? 1 : 12; left > 0; left -= 1) {
      const reply = await call('POST', '/api/v1/instances', body, headers)
      if (reply?.status === 201) {
        const { id } = reply.body.data
        promised.instances.add(id)
        promised.policies.set(id, (body.policies ?? {}) as AskedPolicies)
        const before = key === null ? undefined : promised.byKey.get(key)
        if (before !== undefined && before !== id) promised.broken(`key ${key} made ${before} and ${id}`)
        if (key !== null) promised.byKey.set(key, id)
        return id
      }
      // Anything below 500 is an answer; the rest may have been heard or not.
      if (reply !== undefined && reply.status < 500) return undefined
      await pause()
    }
    return undefined
  }

  return {
    launch,
    async setBudget(body) {
      const reply = await call('POST', '/api/v1/budgets', body)
      if (reply?.status === 201) promised.budgets.push({ limit: nanosFromUsd(body.limit_usd), since: timeline.now() })
    },
    async act(id, action) {
      await call('POST', `/api/v1/instances/${id}/${action}`)
    },
    async end(id) {
      for (;;) {
        const reply = await call('DELETE', `/api/v1/instances/${id}`)
        if (reply?.status === 200) {
          if (!promised.ended.has(id)) promised.ended.set(id, timeline.now())
          return
        }
        if (reply?.status === 404) return promised.broken(`instance ${id} is not known any more`)
        await pause()
      }
    },
    look: (path) => call('GET', path),
    async all() {
      const found: { id: string; status: string }[] = []
      for (let cursor = ''; ; ) {
        const reply = await call('GET', `/api/v1/instances?limit=100${cursor}`)
        if (reply?.status !== 200) return undefined
        found.push(...reply.body.data)
        if (reply.body.next_cursor == null) return found
        cursor = `&cursor=${reply.body.next_cursor}`
      }
    },
  }
}
