import type { z } from 'zod'
import { type LimitRule, OutboundError, type OutboundReply } from '../../outbound/outbound.ts'
import { ProviderError, type ProviderFailure } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { urgencyOf } from '../urgency.ts'
import { type NovitaLimit, novitaRateLimits } from './description.ts'
import {
  failureFromReply,
  failureFromTrouble,
  messageOf,
  reasonOf,
  saysInvalidStateChange,
  saysNoSuchInstance,
  saysNoSuchStorage,
  saysNoSuchTemplate,
} from './errors.ts'
import type { NovitaCreateBody } from './launch-body.ts'
import * as calls from './requests.ts'
import * as wire from './wire.ts'

export type NovitaClient = ReturnType<typeof createNovitaClient>

/** `wrong_state`: "invalid state change", which an earlier call that worked also causes. `gone`: no such instance. */
export type NovitaActionAnswer = 'accepted' | 'wrong_state' | 'gone'

/** One function per endpoint, no policy. Every function throws `ProviderError`. */
export function createNovitaClient(deps: Pick<ProviderDeps, 'outbound' | 'baseUrl' | 'apiKey' | 'account'>) {
  /** The reply as it came, with the failure it means. */
  async function exchange(call: calls.NovitaCall, signal: AbortSignal | undefined) {
    const reply = await sent(call, () =>
      deps.outbound.send({
        target: 'novita',
        account: deps.account,
        operation: call.operation,
        method: call.method,
        url: `${deps.baseUrl}${call.path}${call.query ? `?${new URLSearchParams(call.query)}` : ''}`,
        headers: { authorization: `Bearer ${deps.apiKey.reveal()}`, accept: 'application/json' },
        ...(call.json === undefined ? {} : { json: call.json }),
        limits: [limitRule(call.limit)],
        repeat: call.repeat,
        urgency: urgencyOf(call),
        signal,
      }),
    )
    return { reply, failure: failureFromReply(reply, call.effect) }
  }

  async function good(call: calls.NovitaCall, signal: AbortSignal | undefined): Promise<OutboundReply> {
    const { reply, failure } = await exchange(call, signal)
    if (failure) throw refusal(call, reply, failure)
    return reply
  }

  return {
    async clusters(signal?: AbortSignal): Promise<unknown[]> {
      const call = calls.clustersCall()
      return checked(wire.NovitaRows, await good(call, signal), call).data
    },

    /** Rows as they came: whoever reads them counts those that cannot be read. */
    async products(search: calls.NovitaProductSearch, signal?: AbortSignal): Promise<unknown[]> {
      const call = calls.productsCall(search)
      return checked(wire.NovitaRows, await good(call, signal), call).data
    },

    /** @returns the id of the new instance */
    async create(body: NovitaCreateBody, signal?: AbortSignal): Promise<string> {
      const call = calls.createCall(body)
      const reply = await good(call, signal)
      const created = wire.NovitaCreated.safeParse(reply.json)
      // It was accepted, so there may be a machine: its name tells.
      if (!created.success) throw refusal(call, reply, { kind: 'outcome_unknown' })
      return created.data.id
    },

    async listPage(pageNum: number, signal?: AbortSignal): Promise<wire.NovitaInstancePage> {
      const call = calls.listCall(pageNum)
      return checked(wire.NovitaInstancePage, await good(call, signal), call)
    },

    /** @returns null when Novita says that there is no such instance */
    async one(instanceId: string, signal?: AbortSignal): Promise<wire.NovitaInstance | null> {
      const call = calls.oneCall(instanceId)
      const { reply, failure } = await exchange(call, signal)
      if (failure?.kind !== 'unauthorized' && saysNoSuchInstance(reply)) return null
      if (failure) throw refusal(call, reply, failure)
      return checked(wire.NovitaInstance, reply, call)
    },

    /** Answers may be `{instanceId, state}`, `{}` or empty; none of them says more than "accepted". */
    async act(action: calls.NovitaAction, instanceId: string, signal?: AbortSignal): Promise<NovitaActionAnswer> {
      const call = calls.actionCall(action, instanceId)
      const { reply, failure } = await exchange(call, signal)
      if (failure?.kind !== 'unauthorized' && saysNoSuchInstance(reply)) return 'gone'
      if (saysInvalidStateChange(reply)) return 'wrong_state'
      if (failure) throw refusal(call, reply, failure)
      if (isForeignPage(reply)) throw refusal(call, reply, { kind: 'unexpected_reply' })
      return 'accepted'
    },

    async storagePage(pageNo: number, signal?: AbortSignal): Promise<wire.NovitaStoragePage> {
      const call = calls.storagesCall(pageNo)
      return checked(wire.NovitaStoragePage, await good(call, signal), call)
    },

    async endStorage(storageId: string, signal?: AbortSignal): Promise<'accepted' | 'was_gone'> {
      const call = calls.endStorageCall(storageId)
      const { reply, failure } = await exchange(call, signal)
      if (failure?.kind !== 'unauthorized' && saysNoSuchStorage(reply)) return 'was_gone'
      if (failure) throw refusal(call, reply, failure)
      if (isForeignPage(reply)) throw refusal(call, reply, { kind: 'unexpected_reply' })
      return 'accepted'
    },

    /** @returns null when Novita says that there is no such template */
    async template(templateId: string, signal?: AbortSignal): Promise<wire.NovitaTemplate | null> {
      const call = calls.templateCall(templateId)
      const { reply, failure } = await exchange(call, signal)
      if (failure?.kind !== 'unauthorized' && saysNoSuchTemplate(reply)) return null
      if (failure) throw refusal(call, reply, failure)
      return checked(wire.NovitaTemplateAnswer, reply, call).template
    },

    async registryAuths(signal?: AbortSignal): Promise<wire.NovitaRegistryAuth[]> {
      const call = calls.registryAuthsCall()
      return checked(wire.NovitaRegistryAuths, await good(call, signal), call).data
    },

    async balance(signal?: AbortSignal): Promise<z.infer<typeof wire.NovitaBalance>> {
      const call = calls.balanceCall()
      return checked(wire.NovitaBalance, await good(call, signal), call)
    },

    /** What was charged, by instance and hour: the source to reconcile a ledger with. */
    async bills(search: calls.NovitaBillSearch, signal?: AbortSignal): Promise<wire.NovitaBill[]> {
      const call = calls.billsCall(search)
      return checked(wire.NovitaBills, await good(call, signal), call).bills
    },
  }
}

export function limitRule(scope: NovitaLimit): LimitRule {
  const { calls: count, windowMs, burst } = novitaRateLimits[scope]
  return { name: `novita.${scope}`, calls: count, windowMs, burst }
}

async function sent(call: calls.NovitaCall, send: () => Promise<OutboundReply>): Promise<OutboundReply> {
  try {
    return await send()
  } catch (cause) {
    if (!(cause instanceof OutboundError)) throw cause
    const failure = failureFromTrouble(cause, call.effect)
    const what = cause.trouble.replaceAll('_', ' ')
    throw new ProviderError('novita', failure, `Novita ${call.operation}: ${what}`, { cause })
  }
}

/** A page from something between us and Novita. */
function isForeignPage(reply: OutboundReply): boolean {
  return reply.json === undefined && reply.text.trim() !== ''
}

function checked<T extends z.ZodType>(schema: T, reply: OutboundReply, call: calls.NovitaCall): z.infer<T> {
  const parsed = schema.safeParse(reply.json)
  if (parsed.success) return parsed.data
  const where = parsed.error.issues[0]?.path.join('.') || 'the whole body'
  throw new ProviderError(
    'novita',
    { kind: 'unexpected_reply' },
    `Novita ${call.operation}: cannot read ${where} of the answer`,
  )
}

function refusal(call: calls.NovitaCall, reply: OutboundReply, failure: ProviderFailure): ProviderError {
  return new ProviderError('novita', failure, `Novita ${call.operation}: ${describe(call, reply)}`)
}

/** Novita's own sentence may repeat the body of a create, which holds tokens; there, only reason and status are shown. */
function describe(call: calls.NovitaCall, reply: OutboundReply): string {
  const sentence = call.effect === 'launch' ? '' : messageOf(reply).replace(/\s+/g, ' ').trim().slice(0, 200)
  return [`HTTP ${reply.status}`, reasonOf(reply), sentence].filter((part) => part !== '').join(', ')
}
