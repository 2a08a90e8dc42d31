import type { Instance, InstanceId } from '../../core/instances/instance.ts'
import { noticeFrom } from '../../core/novita-face/notice.ts'
import { type Verdict, type VerdictFacts, verdictOn } from '../../core/novita-face/outcome.ts'
import type { NovitaRequest } from '../../core/novita-face/request.ts'
import { type Clock, type Instant, minuteMs } from '../../core/time.ts'
import type { Log } from '../../observability/log.ts'
import { type SendWebhook, sendContractWebhook } from '../../outbound/webhook-sender.ts'
import type { ActivityStore } from '../../store/activity.ts'
import type { EventStore, StoredEvent } from '../../store/events.ts'
import type { InstanceStore } from '../../store/instances.ts'
import type { NovitaRequestStore } from '../../store/novita-face.ts'

export interface NovitaNotifier {
  /** Looks at every creation whose end is not told yet. A slow receiver holds up no other. */
  run(): Promise<void>
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
  /** Gives up what is under way; it is told again after the next start. */
  stop(): Promise<void>
}

export interface NovitaNotifierDeps {
  requests: Pick<NovitaRequestStore, 'untold' | 'recordOutcome' | 'noteEndAsked' | 'noteTold' | 'remove'>
  instances: Pick<InstanceStore, 'get' | 'wake'>
  activity: Pick<ActivityStore, 'of'>
  events: Pick<EventStore, 'list'>
  /** Ends what did not come up in time. May be repeated. */
  endInstance: (id: InstanceId) => Promise<unknown>
  send: SendWebhook
  /** What webhooks are signed with; undefined: they are not. */
  secret: () => string | undefined
  clock: Clock
  log: Log
}

const mostAtOnce = 500
const mostEvents = 1_000
/** A creation is written down before its instance is; what is older than this and has none was refused. */
const orphanMs = 5 * minuteMs

/**
 * The webhooks of contract 002: one for every creation, when it is ready, has failed or did not come up in time. What has
 * become of it is written down first, then told; who dies in between tells it again.
 */
export function createNovitaNotifier(deps: NovitaNotifierDeps): NovitaNotifier {
  const { requests, instances, activity, send, clock, log } = deps
  const underWay = new Map<InstanceId, Promise<void>>()
  const stopped = new AbortController()
  const watchedSince = clock.now()
  const wokenAtDeadline = new Set<InstanceId>()

  async function lookAt(request: NovitaRequest): Promise<void> {
    const { instanceId } = request
    const instance = await instances.get(instanceId)
    const now = clock.now()
    if (instance === undefined) {
      if (now - request.madeAt > orphanMs) await requests.remove(instanceId)
      return
    }
    const decided = request.outcome === null ? await decide(request, instance) : request
    if (decided === null) return wakeAtDeadline(request)
    wokenAtDeadline.delete(instanceId)
    if (decided.outcome === 'timeout' && decided.endAskedAt === null) {
      // Nothing of it may go on billing, whoever hears of it.
      await deps.endInstance(instanceId)
      await requests.noteEndAsked(instanceId, now)
    }
    if (decided.outcome === 'ended' || decided.webhookUrl === null) return requests.noteTold(instanceId, now)
    underWay.set(
      instanceId,
      tell(decided, decided.webhookUrl, instance)
        .catch((error: unknown) => log.error('webhook not delivered', { instanceId, error }))
        .finally(() => void underWay.delete(instanceId)),
    )
  }

  async function decide(request: NovitaRequest, instance: Instance): Promise<NovitaRequest | null> {
    const { readyAt } = await activity.of(instance.id)
    const facts: VerdictFacts = { readyAt, watchedSince, now: clock.now() }
    const first = verdictOn(request, instance, facts)
    if (first === null) return null
    if (first.outcome === 'ready') return record(request, { ...first, now: facts.now })
    // It may have come up while its launch was read, or have been ready and gone again before anybody was told.
    const status = (await instances.get(instance.id)) ?? instance
    const history = await deps.events.list({ instanceId: instance.id, limit: mostEvents })
    const verdict = verdictOn(
      request,
      { ...status, launch: instance.launch },
      { ...facts, readyAt: history.find((event) => event.kind === 'status' && event.status === 'ready')?.at ?? null },
    )
    if (verdict === null) return null
    const { outcome, message } = verdict
    const told = outcome === 'failed' ? withLastRefusal(message, history) : message
    return record(request, { outcome, message: told, now: facts.now })
  }

  /** Whether it is up is to be known then, not at the next look. */
  async function wakeAtDeadline({ instanceId, deadlineAt }: NovitaRequest): Promise<void> {
    const now = clock.now()
    if (now < deadlineAt || wokenAtDeadline.has(instanceId)) return
    wokenAtDeadline.add(instanceId)
    await instances.wake([instanceId], now)
  }

  async function record(
    request: NovitaRequest,
    { now, ...verdict }: Verdict & { now: Instant },
  ): Promise<NovitaRequest> {
    await requests.recordOutcome(request.instanceId, verdict.outcome, verdict.message, now)
    return { ...request, ...verdict, outcomeAt: now }
  }

  async function tell(request: NovitaRequest, url: string, instance: Instance): Promise<void> {
    const { instanceId } = request
    const payload = noticeFrom(request, instance)
    const secret = deps.secret() ?? null
    const result = await sendContractWebhook({ url, payload, secret }, { send, clock, signal: stopped.signal })
    if (stopped.signal.aborted && result.kind === 'failed') return
    if (result.kind === 'failed') log.error('webhook not delivered', { instanceId, because: result.error })
    else log.info('webhook delivered', { instanceId, outcome: request.outcome })
    await requests.noteTold(instanceId, clock.now())
  }

  return {
    async run() {
      for (const request of await requests.untold(mostAtOnce)) {
        if (stopped.signal.aborted) return
        if (underWay.has(request.instanceId)) continue
        await lookAt(request).catch((error: unknown) =>
          log.error('creation not looked at', { instanceId: request.instanceId, error }),
        )
      }
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay.values())
    },
    async stop() {
      stopped.abort()
      await Promise.all(underWay.values())
    },
  }
}

/** What the marketplace said last: quota, balance, a bad image. Secrets are out of it already. */
function withLastRefusal(message: string | null, history: readonly StoredEvent[]): string | null {
  const detail = history.findLast(({ kind }) => kind === 'attempt_ended')?.data.detail
  return typeof detail === 'string' ? [message, detail].filter((part) => part !== null).join(': ') : message
}
