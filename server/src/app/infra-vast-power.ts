import { figuresOf, noSession, type SessionFigures } from '../core/infra-vast/figures.ts'
import { gpuAdvice, wordOf } from '../core/infra-vast/words.ts'
import { healthUrl } from '../core/instances/health-url.ts'
import type { Instance, Launch } from '../core/instances/instance.ts'
import type { Status } from '../core/instances/status.ts'
import { type Instant, minuteMs, secondMs } from '../core/time.ts'
import { AppError, appErrorFrom } from './errors.ts'
import {
  baseUrlOf,
  currentSessions,
  type InfraVastDeps,
  namedInstance,
  note,
  ownDoing,
  requireConfigured,
  theNamed,
} from './infra-vast.ts'
import { providerOf, startInstance, stopInstance } from './instances.ts'
import type { Who } from './who.ts'

export interface PowerOn {
  /** Whether what runs on it has to answer, not only the machine be up. */
  waitForHealth: boolean
  healthPath: string
  healthPort: number
}

export interface PoweredOn {
  machineId: string
  baseUrl: string | null
  healthUrl: string | null
  wasProbed: boolean
}

/** Between two looks at how far it is; the reconciler looks at the marketplace. */
const lookEveryMs = 2 * secondMs
/** Marketplaces take seconds. After this the caller hears that it is not over; it is asked for until it is. */
const stopPatienceMs = minuteMs

type Named = Instance & { launch: Launch }
/** The end of the server (`leaving`) ends the waiting, not what is waited for. */
type Waiting = InfraVastDeps & { leaving?: AbortSignal }

/**
 * Starts it and waits until it is up, and healthy where that was asked for. Up already: only its health is asked for.
 *
 * Whoever hangs up (`gone`) ends the waiting alone, like the end of the server: a start that was ordered stays.
 *
 * @throws AppError `not_in_time` when it is not, within VAST_WAIT_TIMEOUT_S
 */
export async function powerOn(
  asked: PowerOn,
  who: Who,
  { leaving, gone, ...deps }: Waiting & { gone?: AbortSignal },
): Promise<PoweredOn> {
  const machineId = requireConfigured(deps)
  const now = deps.clock.now()
  const until = now + deps.infraVast.waitTimeoutMs
  const instanceId = (await namedInstance(deps))?.id ?? null
  await note(
    { event: 'power_on_requested', meta: { instance_id: Number(machineId) }, actor: who.actor, instanceId },
    deps,
  )
  await deps.infraVastState.put({ lastActivityAt: now, awaitedUntil: until })
  try {
    const { launch, id } = await untilUp(asked, { until, who, leaving, gone }, deps)
    const baseUrl = baseUrlOf(launch, asked.healthPort)
    const meta = { instance_id: Number(machineId), endpoint: baseUrl }
    await note({ event: 'power_on_complete', meta, instanceId: id }, deps)
    return { machineId, baseUrl, healthUrl: healthUrlOf(launch, asked), wasProbed: asked.waitForHealth }
  } finally {
    await deps.infraVastState.put({ lastActivityAt: deps.clock.now(), awaitedUntil: null })
  }
}

async function untilUp(
  asked: PowerOn,
  { until, who, leaving, gone }: { until: Instant; who: Who } & Record<'leaving' | 'gone', AbortSignal | undefined>,
  deps: InfraVastDeps,
): Promise<Named> {
  const { clock, probe, infraVast } = deps
  const ending = AbortSignal.any([leaving, gone].filter((signal) => signal !== undefined))
  let stopOrdered = false
  // Once it was on its way up, a stop is somebody's wish.
  let wasUp = false
  for (;;) {
    const instance = await theNamed(deps)
    const { status, launch } = instance
    wasUp ||= onItsWayUp.has(status)
    if (status === 'stopped' && wasUp) throw stoppedMeanwhile(instance)
    if (status === 'stopped' && wordOf(instance) === 'exited') {
      // Wanted to run all the while: to Vast.ai a start is nothing new before it was stopped.
      if (!stopOrdered) await order('stop', instance, deps)
      stopOrdered = true
    } else if (status === 'stopped') {
      await startOrTakeBack(instance, who, deps)
      wasUp = true
    }
    if (status === 'running' || status === 'ready') {
      if (!asked.waitForHealth) return instance
      const check = { path: asked.healthPath, port: asked.healthPort, timeoutMs: infraVast.waitTimeoutMs }
      if ((await probe(launch, check)) === 'passing') return instance
      // Its other ports are told already: this one is not published, and waiting does not change that.
      if (launch.endpoints.length > 0 && healthUrlOf(launch, asked) === null) throw await tooLate(instance, asked, deps)
    }
    const leftMs = until - clock.now()
    if (leftMs <= 0) throw await tooLate(instance, asked, deps)
    await clock.sleep(Math.min(lookEveryMs, leftMs), ending).catch(() => {
      throw leaving?.aborted ? serverStops('starting') : notInTime('nobody waits for it any more')
    })
  }
}

const onItsWayUp: ReadonlySet<Status> = new Set(['starting', 'running', 'ready'])

/** A start that is refused is taken back, so that nothing starts later unheard. */
async function startOrTakeBack(instance: Named, who: Who, deps: InfraVastDeps): Promise<void> {
  await startInstance(instance.id, who, deps)
  try {
    await order('start', instance, deps)
  } catch (error) {
    await stopInstance(instance.id, ownDoing, deps).catch((refusal: unknown) => {
      if (!(refusal instanceof AppError)) throw refusal
    })
    throw error
  }
}

function serverStops(what: 'starting' | 'stopping'): AppError {
  return new AppError('not_in_time', `The server is stopping; the instance goes on ${what}`, {
    fix: 'ask again when the server is back',
  })
}

/** At once, so that a refusal is heard here. */
async function order(verb: 'start' | 'stop', instance: Named, { providers }: InfraVastDeps): Promise<void> {
  const { externalId } = instance.launch
  if (externalId === null) return
  try {
    await providerOf(instance, providers)[verb](externalId)
  } catch (error) {
    throw appErrorFrom(error)
  }
}

function stoppedMeanwhile({ because, message }: Instance): AppError {
  if (because === 'cannot_start') return notInTime(gpuAdvice)
  return new AppError(
    'not_allowed_now',
    `The instance was stopped while it started${message === null ? '' : `: ${message}`}`,
    {
      fix: 'look at its status, then start it again',
    },
  )
}

async function tooLate(instance: Named, asked: PowerOn, deps: InfraVastDeps): Promise<AppError> {
  const { launch, id } = instance
  const url = healthUrlOf(launch, asked)
  const word = wordOf(instance)
  const meta = { instance_id: Number(launch.externalId), status: word, health_url: url }
  await note({ event: 'power_on_health_timeout', meta, instanceId: id }, deps)
  if (word === 'scheduling') return notInTime(gpuAdvice)
  const isUp = instance.status === 'running' || instance.status === 'ready'
  return notInTime(isUp && url === null ? `port ${asked.healthPort} of the instance is not published` : undefined)
}

function notInTime(why?: string): AppError {
  return new AppError('not_in_time', `Health check timeout${why === undefined ? '' : `: ${why}`}`, {
    fix: 'read its log on the machine, or ask for a port that is published; it goes on running until it is stopped',
  })
}

function healthUrlOf(launch: Launch, { healthPath: path, healthPort: port }: PowerOn): string | null {
  return healthUrl(launch, { path, port }) ?? null
}

/**
 * Stops it, disk kept, and waits until the marketplace has confirmed that. Off already: a session of nothing.
 *
 * @throws AppError `provider_unavailable` while that is not confirmed; it goes on being asked for
 */
export async function powerOff(who: Who, { leaving, ...deps }: Waiting): Promise<SessionFigures> {
  const machineId = requireConfigured(deps)
  const instanceId = (await namedInstance(deps))?.id ?? null
  await note(
    { event: 'power_off_requested', meta: { instance_id: Number(machineId) }, actor: who.actor, instanceId },
    deps,
  )
  const askedAt = deps.clock.now()
  const instance = await theNamed(deps)
  await stopInstance(instance.id, who, deps)
  await untilStopped(askedAt + stopPatienceMs, { ...deps, ...(leaving !== undefined && { leaving }) })
  const figures = await lastSession(askedAt, deps)
  await note({ event: 'power_off_complete', meta: sessionMeta(machineId, figures), instanceId: instance.id }, deps)
  return figures
}

async function untilStopped(until: Instant, { leaving, ...deps }: Waiting): Promise<void> {
  while ((await theNamed(deps)).status !== 'stopped') {
    if (deps.clock.now() >= until) {
      throw new AppError('provider_unavailable', 'Vast.ai has not confirmed the stop yet; it is asked until it does', {
        fix: 'look at the status in a minute',
      })
    }
    await deps.clock.sleep(secondMs, leaving).catch(() => {
      throw serverStops('stopping')
    })
  }
}

/** The one that has ended since. */
async function lastSession(since: Instant, deps: InfraVastDeps): Promise<SessionFigures> {
  const last = (await currentSessions(await namedInstance(deps), deps)).at(-1)
  return last?.endedAt == null || last.endedAt < since ? noSession : figuresOf(last, deps.clock.now())
}

export function sessionMeta(machineId: string, { runtimeMinutes, costUsd }: SessionFigures) {
  return { instance_id: Number(machineId), session_runtime_minutes: runtimeMinutes, session_cost_usd: costUsd }
}
