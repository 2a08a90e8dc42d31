import type { z } from 'zod'
import { type LimitRule, OutboundError, type OutboundReply } from '../../outbound/outbound.ts'
import { ProviderError, type ProviderFailure } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { urgencyOf } from '../urgency.ts'
import { paperspaceRateLimits } from './description.ts'
import { busyWord, errorCode, failureFromReply, failureFromTrouble, messageOf, saysNotFound } from './errors.ts'
import type { MachineBody, ScriptBody } from './launch-body.ts'
import type { RegionCode } from './regions.ts'
import * as calls from './requests.ts'
import * as wire from './wire.ts'

/** What an action did: accepted, refused because of what the machine is doing, or no such machine. */
export type ActionAnswer =
  | { kind: 'accepted'; event: wire.PaperspaceEvent | null }
  | { kind: 'busy'; word: string; error: ProviderError }
  | { kind: 'gone' }

export type PaperspaceClient = ReturnType<typeof createPaperspaceClient>

/** One function per endpoint, no policy. Every function throws `ProviderError`. */
export function createPaperspaceClient(deps: Pick<ProviderDeps, 'outbound' | 'baseUrl' | 'apiKey' | 'account'>) {
  async function exchange(call: calls.PaperspaceCall, signal: AbortSignal | undefined) {
    const reply = await sent(call, () =>
      deps.outbound.send({
        target: 'paperspace',
        account: deps.account,
        operation: call.operation,
        method: call.method,
        url: `${deps.baseUrl}${call.path}${call.query ? `?${new URLSearchParams(call.query)}` : ''}`,
        headers: { authorization: `Bearer ${deps.apiKey.reveal()}`, accept: 'application/json' },
        ...(call.json === undefined ? {} : { json: call.json }),
        limits: [paperspaceLimit],
        repeat: call.repeat,
        urgency: urgencyOf(call),
        ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
        signal,
      }),
    )
    return { reply, failure: failureFromReply(reply, call.effect) }
  }

  async function good(call: calls.PaperspaceCall, signal: AbortSignal | undefined): Promise<OutboundReply> {
    const { reply, failure } = await exchange(call, signal)
    if (failure) throw refusal(call, reply, failure)
    return reply
  }

  async function get<T extends z.ZodType>(schema: T, call: calls.PaperspaceCall, signal: AbortSignal | undefined) {
    return checked(schema, await good(call, signal), call)
  }

  async function act(call: calls.PaperspaceCall, signal: AbortSignal | undefined): Promise<ActionAnswer> {
    const { reply, failure } = await exchange(call, signal)
    if (saysNotFound(reply)) return { kind: 'gone' }
    const word = failure && busyWord(messageOf(reply))
    if (failure && word && failure.kind === 'not_now')
      return { kind: 'busy', word, error: refusal(call, reply, failure) }
    if (failure) throw refusal(call, reply, failure)
    // Accepted is accepted: what cannot be read of the answer, the next look tells.
    return { kind: 'accepted', event: wire.PaperspaceChanged.safeParse(reply.json).data?.event ?? null }
  }

  /** Gone counts as done. */
  async function remove(call: calls.PaperspaceCall, signal: AbortSignal | undefined): Promise<void> {
    const { reply, failure } = await exchange(call, signal)
    if (failure && !saysNotFound(reply)) throw refusal(call, reply, failure)
  }

  return {
    async isAvailable(label: string, region: RegionCode, signal?: AbortSignal): Promise<boolean> {
      return (await get(wire.PaperspaceAvailability, calls.availabilityCall(label, region), signal)).available
    },

    templates: (signal?: AbortSignal): Promise<unknown[]> =>
      wholeList((after) => get(wire.PaperspaceTemplatePage, calls.templatesCall(after), signal), 'templates'),

    machines: (signal?: AbortSignal): Promise<wire.PaperspaceMachine[]> =>
      wholeList((after) => get(wire.PaperspaceMachinePage, calls.listCall(after), signal), 'list'),

    /** @returns null when Paperspace says that there is no such machine */
    async one(id: string, signal?: AbortSignal): Promise<wire.PaperspaceMachine | null> {
      const call = calls.oneCall(id)
      const { reply, failure } = await exchange(call, signal)
      if (saysNotFound(reply)) return null
      if (failure) throw refusal(call, reply, failure)
      return checked(wire.PaperspaceMachine, reply, call)
    },

    /** The newest events of a machine, also of one that is gone; none when they are not kept. */
    async events(machineId: string, signal?: AbortSignal) {
      const call = calls.eventsCall(machineId)
      const { reply, failure } = await exchange(call, signal)
      if (saysNotFound(reply)) return { items: [], hasMore: false }
      if (failure) throw refusal(call, reply, failure)
      return checked(wire.PaperspaceEventPage, reply, call)
    },

    /** @returns the id of the new script */
    async createScript(body: ScriptBody, signal?: AbortSignal): Promise<string> {
      return (await get(wire.PaperspaceScriptCreated, calls.createScriptCall(body), signal)).id
    },

    scripts: (signal?: AbortSignal): Promise<wire.PaperspaceScript[]> =>
      wholeList((after) => get(wire.PaperspaceScriptPage, calls.scriptsCall(after), signal), 'scripts'),

    deleteScript: (id: string, signal?: AbortSignal): Promise<void> => remove(calls.deleteScriptCall(id), signal),

    async launch(body: MachineBody, signal?: AbortSignal) {
      const call = calls.launchCall(body)
      const reply = await good(call, signal)
      const created = wire.PaperspaceCreated.safeParse(reply.json)
      // It was accepted, so there may be a machine: its name tells.
      if (!created.success) throw refusal(call, reply, { kind: 'outcome_unknown' })
      return created.data
    },

    start: (id: string, signal?: AbortSignal): Promise<ActionAnswer> => act(calls.actionCall(id, 'start'), signal),
    stop: (id: string, signal?: AbortSignal): Promise<ActionAnswer> => act(calls.actionCall(id, 'stop'), signal),
    restart: (id: string, signal?: AbortSignal): Promise<ActionAnswer> => act(calls.actionCall(id, 'restart'), signal),
    terminate: (id: string, signal?: AbortSignal): Promise<ActionAnswer> => act(calls.terminateCall(id), signal),

    publicIps: (signal?: AbortSignal) =>
      wholeList((after) => get(wire.PaperspacePublicIpPage, calls.publicIpsCall(after), signal), 'publicIps'),

    releaseIp: (ip: string, signal?: AbortSignal): Promise<void> => remove(calls.releaseIpCall(ip), signal),

    sharedDrives: (signal?: AbortSignal) =>
      wholeList((after) => get(wire.PaperspaceSharedDrivePage, calls.sharedDrivesCall(after), signal), 'sharedDrives'),

    deleteSharedDrive: (id: string, signal?: AbortSignal): Promise<void> =>
      remove(calls.deleteSharedDriveCall(id), signal),

    snapshots: (signal?: AbortSignal) =>
      wholeList((after) => get(wire.PaperspaceSnapshotPage, calls.snapshotsCall(after), signal), 'snapshots'),

    deleteSnapshot: (id: string, signal?: AbortSignal): Promise<void> => remove(calls.deleteSnapshotCall(id), signal),

    customTemplates: (signal?: AbortSignal) =>
      wholeList(
        (after) => get(wire.PaperspaceCustomTemplatePage, calls.customTemplatesCall(after), signal),
        'customTemplates',
      ),

    deleteCustomTemplate: (id: string, signal?: AbortSignal): Promise<void> =>
      remove(calls.deleteCustomTemplateCall(id), signal),

    /** The one call that answers 200 to a bad key. */
    async checkKey(signal?: AbortSignal): Promise<void> {
      const call = calls.sessionCall()
      if ((await get(wire.PaperspaceSession, call, signal)) !== null) return
      throw new ProviderError('paperspace', { kind: 'unauthorized' }, 'Paperspace session: the key is not valid')
    },
  }
}

const paperspaceLimit: LimitRule = {
  name: 'paperspace.all',
  calls: paperspaceRateLimits.all.calls,
  windowMs: paperspaceRateLimits.all.windowMs,
  burst: paperspaceRateLimits.all.burst,
}

/** Twelve thousand rows; more is a list that never ends. */
const maxPages = 100

interface Page<T> {
  hasMore: boolean
  nextPage?: string | null | undefined
  items: T[]
}

/** All pages, or an error: a page too few would be a shorter fleet. */
async function wholeList<T>(pageAfter: (after: string | null) => Promise<Page<T>>, what: string): Promise<T[]> {
  const items: T[] = []
  const cursors = new Set<string>()
  let after: string | null = null
  for (let page = 1; page <= maxPages; page++) {
    const answer: Page<T> = await pageAfter(after)
    items.push(...answer.items)
    if (!answer.hasMore) return items
    if (!answer.nextPage) throw brokenList(what, 'there are more pages, and no cursor for the next')
    if (cursors.has(answer.nextPage)) throw brokenList(what, 'the next page is one that we had')
    cursors.add(answer.nextPage)
    after = answer.nextPage
  }
  throw brokenList(what, `there is no end after ${maxPages} pages`)
}

function brokenList(what: string, why: string): ProviderError {
  return new ProviderError('paperspace', { kind: 'unexpected_reply' }, `Paperspace ${what}: ${why}`)
}

async function sent(
  call: Pick<calls.PaperspaceCall, 'operation' | 'effect'>,
  send: () => Promise<OutboundReply>,
): Promise<OutboundReply> {
  try {
    return await send()
  } catch (cause) {
    if (!(cause instanceof OutboundError)) throw cause
    const failure = failureFromTrouble(cause, call.effect)
    const what = `Paperspace ${call.operation}: ${cause.trouble.replaceAll('_', ' ')}`
    throw new ProviderError('paperspace', failure, what, { cause })
  }
}

function checked<T extends z.ZodType>(schema: T, reply: OutboundReply, call: calls.PaperspaceCall): z.infer<T> {
  const parsed = schema.safeParse(reply.json)
  if (parsed.success) return parsed.data
  const where = parsed.error.issues[0]?.path.join('.') || 'the whole body'
  const what = `Paperspace ${call.operation}: cannot read ${where} of the answer`
  throw new ProviderError('paperspace', { kind: 'unexpected_reply' }, what)
}

function refusal(call: calls.PaperspaceCall, reply: OutboundReply, failure: ProviderFailure): ProviderError {
  // Their sentence may repeat what was sent, and a start script is full of secrets.
  const sentence = call.effect === 'prepare' ? '' : messageOf(reply)
  const parts = [`HTTP ${reply.status}`, errorCode(reply), sentence].filter((part) => part !== '')
  return new ProviderError('paperspace', failure, `Paperspace ${call.operation}: ${parts.join(', ')}`)
}
