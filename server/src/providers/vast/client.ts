import type { z } from 'zod'
import { type LimitRule, OutboundError, type OutboundReply } from '../../outbound/outbound.ts'
import { ProviderError, type ProviderFailure } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { urgencyOf } from '../urgency.ts'
import { type VastLimit, vastRateLimits } from './description.ts'
import {
  errorCode,
  errorTag,
  failureFromReply,
  failureFromTrouble,
  messageOf,
  saysNoSuchInstance,
  saysNoSuchVolume,
  thresholdMs,
} from './errors.ts'
import type { VastLaunchBody } from './launch-body.ts'
import * as calls from './requests.ts'
import * as wire from './wire.ts'

export type VastClient = ReturnType<typeof createVastClient>

/** One function per endpoint, no policy. Every function throws `ProviderError`. */
export function createVastClient(deps: Pick<ProviderDeps, 'outbound' | 'baseUrl' | 'apiKey' | 'account'>) {
  /** Intervals that 429s named and that are longer than ours; the figures are no contract. */
  const learnedMs = new Map<VastLimit, number>()

  /** The reply as it came, with the failure it means. */
  async function exchange(call: calls.VastCall, signal: AbortSignal | undefined) {
    const reply = await sent(call, () =>
      deps.outbound.send({
        target: 'vast',
        account: deps.account,
        operation: call.operation,
        method: call.method,
        url: `${deps.baseUrl}${call.path}${call.query ? `?${new URLSearchParams(call.query)}` : ''}`,
        headers: { authorization: `Bearer ${deps.apiKey.reveal()}`, accept: 'application/json' },
        ...(call.json === undefined ? {} : { json: call.json }),
        limits: [limitRule(call.operation, learnedMs.get(call.operation))],
        repeat: call.repeat,
        urgency: urgencyOf(call),
        signal,
      }),
    )
    if (reply.status === 429) {
      const named = thresholdMs(reply) ?? 0
      if (named > vastRateLimits[call.operation].windowMs) learnedMs.set(call.operation, named)
    }
    return { reply, failure: failureFromReply(reply, call.effect) }
  }

  async function good(call: calls.VastCall, signal: AbortSignal | undefined): Promise<OutboundReply> {
    const { reply, failure } = await exchange(call, signal)
    if (failure) throw refusal(call, reply, failure)
    return reply
  }

  return {
    async search(search: calls.VastSearch, signal?: AbortSignal) {
      const call = calls.searchCall(search)
      return checked(wire.VastSearchAnswer, await good(call, signal), call)
    },

    /** @returns the id of the new instance */
    async launch(askId: string, body: VastLaunchBody, signal?: AbortSignal): Promise<string> {
      const call = calls.launchCall(askId, body)
      const reply = await good(call, signal)
      const created = wire.VastCreated.safeParse(reply.json)
      // It was accepted, so there may be a machine: its label tells.
      if (!created.success) throw refusal(call, reply, { kind: 'outcome_unknown' })
      return created.data.new_contract
    },

    async listPage(afterToken: string | null, signal?: AbortSignal): Promise<wire.VastInstancePage> {
      const call = calls.listCall(afterToken)
      return checked(wire.VastInstancePage, await good(call, signal), call)
    },

    /** @returns null when Vast says that there is no such instance */
    async one(id: string, signal?: AbortSignal): Promise<wire.VastInstance | null> {
      const call = calls.oneCall(id)
      const { reply, failure } = await exchange(call, signal)
      if (saysNoSuchInstance(reply)) return null
      if (failure) throw refusal(call, reply, failure)
      return checked(wire.VastSingleInstance, reply, call).instances
    },

    async setState(id: string, state: 'running' | 'stopped', signal?: AbortSignal): Promise<'done' | 'queued'> {
      const call = calls.stateCall(id, state)
      const { reply, failure } = await exchange(call, signal)
      if (errorCode(reply) === 'resources_unavailable' && reply.status === 200) return 'queued'
      if (failure) throw refusal(call, reply, failure)
      return 'done'
    },

    async restart(id: string, signal?: AbortSignal): Promise<void> {
      await good(calls.restartCall(id), signal)
    },

    async terminate(id: string, signal?: AbortSignal): Promise<'accepted' | 'was_gone'> {
      const call = calls.terminateCall(id)
      const { reply, failure } = await exchange(call, signal)
      if (saysNoSuchInstance(reply)) return 'was_gone'
      if (failure) throw refusal(call, reply, failure)
      return 'accepted'
    },

    async changeBid(id: string, price: number, signal?: AbortSignal): Promise<void> {
      await good(calls.bidCall(id, price), signal)
    },

    async volumes(signal?: AbortSignal): Promise<wire.VastVolume[]> {
      const call = calls.volumesCall()
      return checked(wire.VastVolumes, await good(call, signal), call).volumes
    },

    async endVolume(id: string, signal?: AbortSignal): Promise<'accepted' | 'was_gone'> {
      const call = calls.endVolumeCall(id)
      const { reply, failure } = await exchange(call, signal)
      if (saysNoSuchVolume(reply)) return 'was_gone'
      if (failure) throw refusal(call, reply, failure)
      return 'accepted'
    },

    async chargePage(
      days: { gte: number; lte: number },
      afterToken: string | null,
      signal?: AbortSignal,
    ): Promise<wire.VastChargePage> {
      const call = calls.chargesCall(days, afterToken)
      return checked(wire.VastChargePage, await good(call, signal), call)
    },

    /** @returns where the lines will be, once the host has sent them */
    async requestLogs(id: string, tail: number, signal?: AbortSignal): Promise<string> {
      const call = calls.logsCall(id, tail)
      return checked(wire.VastLogsRequested, await good(call, signal), call).result_url
    },

    /** Another company's server: no key goes there. @returns null while the file is not there yet */
    async downloadLogs(url: string, signal?: AbortSignal): Promise<string | null> {
      const reply = await sent({ operation: 'logs', effect: 'read' }, () =>
        deps.outbound.send({
          // A target of its own: that server's failures are not to open the circuit that ends machines.
          target: 'vast-logs',
          account: deps.account,
          operation: 'downloadLogs',
          method: 'GET',
          url,
          limits: [],
          repeat: 'safe',
          signal,
        }),
      )
      if (reply.status === 200) return reply.text
      if (reply.status === 403 || reply.status === 404) return null
      const kind = reply.status >= 500 || reply.status === 429 ? 'unavailable' : 'unexpected_reply'
      throw new ProviderError('vast', { kind }, `Vast logs: the file's server answered ${reply.status}`)
    },

    /** An account without keys answers 404 to some callers. */
    async sshKeys(signal?: AbortSignal): Promise<z.infer<typeof wire.VastSshKeys>> {
      const call = calls.sshKeysCall()
      const { reply, failure } = await exchange(call, signal)
      if (saysNoKeys(reply, failure)) return []
      if (failure) throw refusal(call, reply, failure)
      return checked(wire.VastSshKeys, reply, call)
    },

    async addSshKey(publicKey: string, signal?: AbortSignal) {
      const call = calls.addSshKeyCall(publicKey)
      return checked(wire.VastSshKeyCreated, await good(call, signal), call).key
    },

    async account(signal?: AbortSignal): Promise<z.infer<typeof wire.VastAccount>> {
      const call = calls.accountCall()
      return checked(wire.VastAccount, await good(call, signal), call)
    },
  }
}

/** Vast measures between arrivals; a twentieth more than it asks for covers the way there. */
export function limitRule(scope: VastLimit, learnedMs = 0): LimitRule {
  const { calls: count, windowMs, burst } = vastRateLimits[scope]
  return { name: `vast.${scope}`, calls: count, windowMs: Math.ceil(Math.max(windowMs, learnedMs) * 1.05), burst }
}

async function sent(
  call: Pick<calls.VastCall, 'operation' | 'effect'>,
  send: () => Promise<OutboundReply>,
): Promise<OutboundReply> {
  try {
    return await send()
  } catch (cause) {
    if (!(cause instanceof OutboundError)) throw cause
    const failure = failureFromTrouble(cause, call.effect)
    throw new ProviderError('vast', failure, `Vast ${call.operation}: ${cause.trouble.replace('_', ' ')}`, { cause })
  }
}

function checked<T extends z.ZodType>(schema: T, reply: OutboundReply, call: calls.VastCall): z.infer<T> {
  const parsed = schema.safeParse(reply.json)
  if (parsed.success) return parsed.data
  const where = parsed.error.issues[0]?.path.join('.') || 'the whole body'
  throw new ProviderError(
    'vast',
    { kind: 'unexpected_reply' },
    `Vast ${call.operation}: cannot read ${where} of the answer`,
  )
}

function refusal(call: calls.VastCall, reply: OutboundReply, failure: ProviderFailure): ProviderError {
  return new ProviderError('vast', failure, `Vast ${call.operation}: ${describe(call, reply)}`)
}

/** Vast's own sentence may repeat the body of a launch, which holds tokens; there, only code and number are shown. */
function describe(call: calls.VastCall, reply: OutboundReply): string {
  const sentence =
    call.effect === 'launch' ? errorTag(reply) : messageOf(reply).replace(/\s+/g, ' ').trim().slice(0, 200)
  return [`HTTP ${reply.status}`, errorCode(reply), sentence].filter((part) => part !== '').join(', ')
}

function saysNoKeys(reply: OutboundReply, failure: ProviderFailure | null): boolean {
  return reply.status === 404 && failure?.kind !== 'unauthorized' && reply.json !== undefined
}
