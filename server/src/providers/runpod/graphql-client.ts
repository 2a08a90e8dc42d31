import type { z } from 'zod'
import { type Nanos, nanosFromUsd } from '../../core/money.ts'
import { OutboundError, type OutboundReply } from '../../outbound/outbound.ts'
import { ProviderError } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { urgencyOf } from '../urgency.ts'
import { limitRule } from './description.ts'
import { failureFromTrouble } from './errors.ts'
import { failureFromGraphql, graphqlRefusal, saysPodGone } from './graphql-errors.ts'
import type { GraphqlDeployInput } from './graphql-mapping.ts'
import * as calls from './graphql-requests.ts'
import * as wire from './graphql-wire.ts'
import type { CatalogueQuestion } from './offers.ts'

export type RunpodGraphqlClient = ReturnType<typeof createRunpodGraphqlClient>

/** GraphQL: one function per query, no policy. Every function throws `ProviderError`. */
export function createRunpodGraphqlClient(deps: Pick<ProviderDeps, 'outbound' | 'baseUrl' | 'apiKey' | 'account'>) {
  async function exchange(call: calls.GraphqlCall, signal: AbortSignal | undefined): Promise<OutboundReply> {
    try {
      return await deps.outbound.send({
        // A target of its own: it is dying, and is not to open the circuit of the REST API.
        target: 'runpod-graphql',
        account: deps.account,
        operation: call.operation,
        method: 'POST',
        url: `${deps.baseUrl}/graphql`,
        headers: { authorization: `Bearer ${deps.apiKey.reveal()}`, accept: 'application/json' },
        json: { query: call.query, variables: call.variables },
        limits: [limitRule('graphql')],
        repeat: call.repeat,
        urgency: urgencyOf(call),
        ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
        signal,
      })
    } catch (cause) {
      if (!(cause instanceof OutboundError)) throw cause
      const failure = failureFromTrouble(cause, call.effect)
      const message = `RunPod GraphQL ${call.operation}: ${cause.trouble.replace('_', ' ')}`
      throw new ProviderError('runpod', failure, message, { cause })
    }
  }

  async function read<T extends z.ZodType>(schema: T, call: calls.GraphqlCall, signal: AbortSignal | undefined) {
    const reply = await exchange(call, signal)
    const failure = failureFromGraphql(reply, call.effect)
    if (failure) throw graphqlRefusal(call, reply, failure)
    const parsed = schema.safeParse((reply.json as { data: unknown }).data)
    if (parsed.success) return parsed.data
    const where = parsed.error.issues[0]?.path.join('.') || 'the whole body'
    // An accepted launch that we cannot read may have made a machine: its name tells.
    const kind = call.effect === 'launch' ? 'outcome_unknown' : 'unexpected_reply'
    throw new ProviderError('runpod', { kind }, `RunPod GraphQL ${call.operation}: cannot read ${where} of the answer`)
  }

  return {
    async gpuTypes(question: CatalogueQuestion, signal?: AbortSignal): Promise<unknown[]> {
      return (await read(wire.GraphqlGpuTypes, calls.gpuTypesCall(question), signal)).gpuTypes
    },

    async gpuType(id: string, question: CatalogueQuestion, signal?: AbortSignal): Promise<unknown[]> {
      return (await read(wire.GraphqlGpuTypes, calls.gpuTypeCall(id, question), signal)).gpuTypes
    },

    async deploy(input: GraphqlDeployInput, signal?: AbortSignal) {
      return (await read(wire.GraphqlDeployed, calls.deployCall(input), signal)).podFindAndDeployOnDemand
    },

    async pods(signal?: AbortSignal): Promise<wire.GraphqlPod[]> {
      return (await read(wire.GraphqlPods, calls.podsCall(), signal)).myself.pods
    },

    /** @returns null when it is gone */
    async pod(podId: string, signal?: AbortSignal): Promise<wire.GraphqlPod | null> {
      return (await read(wire.GraphqlOnePod, calls.podCall(podId), signal)).pod
    },

    /** There is nothing to read in the answer. */
    async terminate(podId: string, signal?: AbortSignal): Promise<void> {
      const call = calls.terminatePodCall(podId)
      const reply = await exchange(call, signal)
      if (saysPodGone(reply)) return
      const failure = failureFromGraphql(reply, call.effect)
      if (failure) throw graphqlRefusal(call, reply, failure)
    },

    async balance(signal?: AbortSignal): Promise<Nanos> {
      return nanosFromUsd((await read(wire.GraphqlBalance, calls.balanceCall(), signal)).myself.clientBalance)
    },
  }
}
