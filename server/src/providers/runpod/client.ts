import type { z } from 'zod'
import { OutboundError, type OutboundReply } from '../../outbound/outbound.ts'
import { ProviderError } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { urgencyOf } from '../urgency.ts'
import { limitRule } from './description.ts'
import { failureFromReply, failureFromTrouble, refusal, saysNoSuchPod, saysNoSuchThing } from './errors.ts'
import type { RunpodLaunchBody } from './launch-body.ts'
import type { CatalogueQuestion } from './offers.ts'
import * as calls from './requests.ts'
import * as wire from './wire.ts'

export type RunpodClient = ReturnType<typeof createRunpodClient>

/** REST v2: one function per endpoint, no policy. Every function throws `ProviderError`. */
export function createRunpodClient(deps: Pick<ProviderDeps, 'outbound' | 'baseUrl' | 'apiKey' | 'account'>) {
  async function exchange(call: calls.RunpodCall, signal: AbortSignal | undefined): Promise<OutboundReply> {
    try {
      return await deps.outbound.send({
        target: 'runpod',
        account: deps.account,
        operation: call.operation,
        method: call.method,
        url: `${deps.baseUrl}${call.path}${call.query ? `?${new URLSearchParams(call.query)}` : ''}`,
        headers: { authorization: `Bearer ${deps.apiKey.reveal()}`, accept: 'application/json' },
        ...(call.json === undefined ? {} : { json: call.json }),
        limits: [limitRule('all')],
        repeat: call.repeat,
        urgency: urgencyOf(call),
        ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
        ...(call.readForMs === undefined ? {} : { readForMs: call.readForMs }),
        signal,
      })
    } catch (cause) {
      if (!(cause instanceof OutboundError)) throw cause
      const failure = failureFromTrouble(cause, call.effect)
      const message = `RunPod ${call.operation}: ${cause.trouble.replace('_', ' ')}`
      throw new ProviderError('runpod', failure, message, { cause })
    }
  }

  async function good(call: calls.RunpodCall, signal: AbortSignal | undefined): Promise<OutboundReply> {
    const reply = await exchange(call, signal)
    const failure = failureFromReply(reply, call)
    if (failure) throw refusal(call, reply, failure)
    return reply
  }

  return {
    async search(question: CatalogueQuestion, signal?: AbortSignal): Promise<unknown[]> {
      const call = calls.searchCall(question)
      return checked(wire.RunpodGpuTypes, await good(call, signal), call).gpus
    },

    async gpuType(gpuId: string, question: CatalogueQuestion, signal?: AbortSignal): Promise<wire.RunpodGpuType> {
      const call = calls.quoteCall(gpuId, question)
      return checked(wire.RunpodGpuType, await good(call, signal), call)
    },

    async launch(body: RunpodLaunchBody, signal?: AbortSignal): Promise<z.infer<typeof wire.RunpodCreated>> {
      const call = calls.launchCall(body)
      const reply = await good(call, signal)
      const created = wire.RunpodCreated.safeParse(reply.json)
      // It was accepted, so there may be a machine: its name tells.
      if (!created.success) throw refusal(call, reply, { kind: 'outcome_unknown' })
      return created.data
    },

    /** The text of the event stream, as far as it came. */
    async logs(id: string, tail: number, signal?: AbortSignal): Promise<string> {
      return (await good(calls.logsCall(id, tail), signal)).text
    },

    async listPage(cursor: string | null, signal?: AbortSignal): Promise<wire.RunpodPodPage> {
      const call = calls.listCall(cursor)
      return checked(wire.RunpodPodPage, await good(call, signal), call)
    },

    /** @returns null when RunPod says that there is no such pod */
    async one(id: string, signal?: AbortSignal): Promise<wire.RunpodPod | null> {
      const call = calls.oneCall(id)
      const reply = await exchange(call, signal)
      if (saysNoSuchPod(reply)) return null
      const failure = failureFromReply(reply, call)
      // Some other 404 is no word about the pod.
      if (failure) throw refusal(call, reply, failure.kind === 'not_now' ? { kind: 'unexpected_reply' } : failure)
      return checked(wire.RunpodPod, reply, call)
    },

    async act(id: string, action: 'start' | 'stop' | 'restart', signal?: AbortSignal): Promise<void> {
      await good(calls.actionCall(id, action), signal)
    },

    async terminate(id: string, signal?: AbortSignal): Promise<'accepted' | 'was_gone'> {
      const call = calls.terminateCall(id)
      const reply = await exchange(call, signal)
      if (saysNoSuchPod(reply)) return 'was_gone'
      const failure = failureFromReply(reply, call)
      if (failure) throw refusal(call, reply, failure)
      return 'accepted'
    },

    async volumes(signal?: AbortSignal): Promise<wire.RunpodNetworkVolume[]> {
      const call = calls.volumesCall()
      return checked(wire.RunpodNetworkVolumes, await good(call, signal), call).networkVolumes
    },

    async endVolume(id: string, signal?: AbortSignal): Promise<'accepted' | 'was_gone'> {
      const call = calls.endVolumeCall(id)
      const reply = await exchange(call, signal)
      if (saysNoSuchThing(reply)) return 'was_gone'
      const failure = failureFromReply(reply, call)
      if (failure) throw refusal(call, reply, failure)
      return 'accepted'
    },

    async podCharges(period: calls.Period, signal?: AbortSignal): Promise<wire.RunpodPodCharge[]> {
      const call = calls.billCall('pods', period)
      return allOf(checked(wire.RunpodPodCharges, await good(call, signal), call), call)
    },

    async volumeCharges(period: calls.Period, signal?: AbortSignal): Promise<wire.RunpodVolumeCharge[]> {
      const call = calls.billCall('network-volumes', period)
      return allOf(checked(wire.RunpodVolumeCharges, await good(call, signal), call), call)
    },

    async registries(signal?: AbortSignal): Promise<z.infer<typeof wire.RunpodRegistry>[]> {
      const call = calls.registriesCall()
      return checked(wire.RunpodRegistries, await good(call, signal), call).registries
    },

    async addRegistry(
      credential: { name: string; username: string; password: string },
      signal?: AbortSignal,
    ): Promise<z.infer<typeof wire.RunpodRegistry>> {
      const call = calls.addRegistryCall(credential)
      return checked(wire.RunpodRegistry, await good(call, signal), call)
    },
  }
}

function allOf<T>(answer: { records: T[]; metadata: { recordCount: number } }, call: calls.RunpodCall): T[] {
  const { records, metadata } = answer
  if (metadata.recordCount === records.length) return records
  const why = `the answer announces ${metadata.recordCount} records and holds ${records.length}`
  throw new ProviderError('runpod', { kind: 'unexpected_reply' }, `RunPod ${call.operation}: ${why}`)
}

function checked<T extends z.ZodType>(schema: T, reply: OutboundReply, call: calls.RunpodCall): z.infer<T> {
  const parsed = schema.safeParse(reply.json)
  if (parsed.success) return parsed.data
  const where = parsed.error.issues[0]?.path.join('.') || 'the whole body'
  throw new ProviderError(
    'runpod',
    { kind: 'unexpected_reply' },
    `RunPod ${call.operation}: cannot read ${where} of the answer`,
  )
}
