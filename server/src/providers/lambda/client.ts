import type { z } from 'zod'
import { OutboundError, type OutboundReply } from '../../outbound/outbound.ts'
import { ProviderError, type ProviderFailure } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { urgencyOf } from '../urgency.ts'
import { errorCode, failureFromReply, failureFromTrouble, messageOf, saysNoSuchInstance } from './errors.ts'
import type { LambdaLaunchBody } from './launch-body.ts'
import * as calls from './requests.ts'
import * as wire from './wire.ts'

export type LambdaClient = ReturnType<typeof createLambdaClient>

/** One function per endpoint, no policy. Every function throws `ProviderError`. */
export function createLambdaClient(deps: Pick<ProviderDeps, 'outbound' | 'baseUrl' | 'apiKey' | 'account'>) {
  async function exchange(call: calls.LambdaCall, signal: AbortSignal | undefined) {
    const reply = await sent(call, () =>
      deps.outbound.send({
        target: 'lambda',
        account: deps.account,
        operation: call.operation,
        method: call.method,
        url: `${deps.baseUrl}${call.path}`,
        headers: { authorization: `Bearer ${deps.apiKey.reveal()}`, accept: 'application/json' },
        ...(call.json === undefined ? {} : { json: call.json }),
        limits: call.limits,
        repeat: call.repeat,
        urgency: urgencyOf(call),
        ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
        signal,
      }),
    )
    return { reply, failure: failureFromReply(reply, call.effect) }
  }

  async function good(call: calls.LambdaCall, signal: AbortSignal | undefined): Promise<OutboundReply> {
    const { reply, failure } = await exchange(call, signal)
    if (failure) throw refusal(call, reply, failure)
    return reply
  }

  return {
    /** @returns Lambda's map from the name of a type to what it says about it, unread */
    async instanceTypes(signal?: AbortSignal): Promise<Record<string, unknown>> {
      const call = calls.searchCall()
      return checked(wire.LambdaInstanceTypes, await good(call, signal), call).data
    },

    /** @returns the id of the new instance */
    async launch(body: LambdaLaunchBody, signal?: AbortSignal): Promise<string> {
      const call = calls.launchCall(body)
      const reply = await good(call, signal)
      const [id] = wire.LambdaLaunched.safeParse(reply.json).data?.data.instance_ids ?? []
      // It was accepted, so there may be a machine: its label tells.
      if (id === undefined) throw refusal(call, reply, { kind: 'outcome_unknown' })
      return id
    },

    async instances(signal?: AbortSignal): Promise<wire.LambdaInstance[]> {
      const call = calls.listCall()
      return checked(wire.LambdaInstances, await good(call, signal), call).data
    },

    /** @returns null when Lambda says that there is no such instance */
    async instance(id: string, signal?: AbortSignal): Promise<wire.LambdaInstance | null> {
      const call = calls.oneCall(id)
      const { reply, failure } = await exchange(call, signal)
      if (saysNoSuchInstance(reply)) return null
      if (failure) throw refusal(call, reply, failure)
      return checked(wire.LambdaSingleInstance, reply, call).data
    },

    async restart(id: string, signal?: AbortSignal): Promise<void> {
      const call = calls.restartCall(id)
      checked(wire.LambdaAccepted, await good(call, signal), call)
    },

    async terminate(id: string, signal?: AbortSignal): Promise<'accepted' | 'was_gone'> {
      const call = calls.terminateCall(id)
      const { reply, failure } = await exchange(call, signal)
      if (saysNoSuchInstance(reply)) return 'was_gone'
      if (failure) throw refusal(call, reply, failure)
      checked(wire.LambdaAccepted, reply, call)
      return 'accepted'
    },

    async fileSystems(signal?: AbortSignal): Promise<wire.LambdaFileSystem[]> {
      const call = calls.fileSystemsCall()
      return checked(wire.LambdaFileSystems, await good(call, signal), call).data
    },

    async endFileSystem(id: string, signal?: AbortSignal): Promise<'accepted' | 'was_gone'> {
      const call = calls.endFileSystemCall(id)
      const { reply, failure } = await exchange(call, signal)
      // A file system answers like an instance.
      if (saysNoSuchInstance(reply)) return 'was_gone'
      if (failure) throw refusal(call, reply, failure)
      checked(wire.LambdaFileSystemsDeleted, reply, call)
      return 'accepted'
    },

    async sshKeys(signal?: AbortSignal): Promise<wire.LambdaSshKey[]> {
      const call = calls.sshKeysCall()
      return checked(wire.LambdaSshKeys, await good(call, signal), call).data
    },

    async addSshKey(key: { name: string; publicKey: string }, signal?: AbortSignal): Promise<wire.LambdaSshKey> {
      const call = calls.addSshKeyCall(key)
      return checked(wire.LambdaSshKeyAdded, await good(call, signal), call).data
    },
  }
}

async function sent(
  call: Pick<calls.LambdaCall, 'operation' | 'effect'>,
  send: () => Promise<OutboundReply>,
): Promise<OutboundReply> {
  try {
    return await send()
  } catch (cause) {
    if (!(cause instanceof OutboundError)) throw cause
    const failure = failureFromTrouble(cause, call.effect)
    throw new ProviderError('lambda', failure, `Lambda ${call.operation}: ${cause.trouble.replace('_', ' ')}`, {
      cause,
    })
  }
}

function checked<T extends z.ZodType>(schema: T, reply: OutboundReply, call: calls.LambdaCall): z.infer<T> {
  const parsed = schema.safeParse(reply.json)
  if (parsed.success) return parsed.data
  const where = parsed.error.issues[0]?.path.join('.') || 'the whole body'
  const message = `Lambda ${call.operation}: cannot read ${where} of the answer`
  throw new ProviderError('lambda', { kind: 'unexpected_reply' }, message)
}

function refusal(call: calls.LambdaCall, reply: OutboundReply, failure: ProviderFailure): ProviderError {
  return new ProviderError('lambda', failure, `Lambda ${call.operation}: ${describe(call, reply)}`)
}

/** Where something of the user's was sent, Lambda's sentence may repeat it: there, only code and number are shown. */
function describe(call: calls.LambdaCall, reply: OutboundReply): string {
  const mayRepeat = call.operation === 'launch' || call.operation === 'addSshKey'
  const sentence = mayRepeat ? '' : messageOf(reply).replace(/\s+/g, ' ').trim().slice(0, 200)
  return [`HTTP ${reply.status}`, errorCode(reply), sentence].filter((part) => part !== '').join(', ')
}
