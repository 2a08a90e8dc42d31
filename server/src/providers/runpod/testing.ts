/** Stand-ins for the tests of this folder. */
import type { RecogniseGpu } from '../../core/gpus/gpu.ts'
import type { Offer } from '../../core/offers/offer.ts'
import { Secret } from '../../core/secret.ts'
import type { OutboundReply, OutboundRequest } from '../../outbound/outbound.ts'
import { type LaunchOrder, ProviderError, type ProviderFailure } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import catalogue from './fixtures/catalogue.json' with { type: 'json' }
import pods from './fixtures/pods.json' with { type: 'json' }
import { offerFromRunpod, readGpuType } from './offers.ts'
import { RunpodPod } from './wire.ts'

/** Ten minutes after the pod of the fixture was made. */
export const seenAt = Date.parse('2026-11-20T09:24:02Z')
export const createdAt = Date.parse('2026-11-20T09:14:02Z')
export const apiKey = 'rpa_key_that_must_not_show'

type Answer = OutboundReply | Error | ((request: OutboundRequest) => OutboundReply | Error)

/** Records what is sent and answers what is queued, in order; the last answer repeats. */
export function aMarketplace(...answers: Answer[]) {
  const requests: OutboundRequest[] = []
  let now = seenAt
  const deps: ProviderDeps = {
    outbound: {
      async send(request) {
        requests.push(request)
        const answer = answers.length > 1 ? answers.shift() : answers[0]
        const reply = typeof answer === 'function' ? answer(request) : answer
        if (reply === undefined) throw new Error('no answer is queued')
        if (reply instanceof Error) throw reply
        return reply
      },
    },
    clock: { now: () => now, sleep: async () => {} },
    gpus: { recognise, spellingsOf: (model) => spellings[model] ?? [] },
    baseUrl: 'https://runpod.test',
    apiKey: new Secret(apiKey),
    account: 'main',
  }
  return {
    deps,
    requests,
    passMs: (ms: number) => {
      now += ms
    },
  }
}

const spellings: Record<string, string[]> = {
  'RTX 4090': ['NVIDIA GeForce RTX 4090', 'RTX 4090'],
  'A100 PCIe 80GB': ['NVIDIA A100 80GB PCIe', 'A100 PCIe'],
}

export const recognise: RecogniseGpu = (spelling) => {
  const model = Object.keys(spellings).find((name) => spellings[name]?.includes(spelling))
  return { model: model ?? spelling, known: model !== undefined }
}

export function json(body: unknown, status = 200, more: Partial<OutboundReply> = {}): OutboundReply {
  return { status, headers: {}, text: JSON.stringify(body), json: body, retryAfterMs: null, ...more }
}

export function text(body: string, status = 200): OutboundReply {
  return { status, headers: {}, text: body, json: undefined, retryAfterMs: null }
}

export function aGpuRow(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...catalogue.answer.gpus[0], ...changes }
}

export function anOffer(changes: Partial<Offer> = {}, dataCenterId: string | null = 'EU-RO-1'): Offer {
  const read = readGpuType(aGpuRow())
  const question = { cloud: 'SECURE', count: 2, dataCenterId } as const
  const offer = 'row' in read ? offerFromRunpod(read.row, question, { gpus: { recognise }, seenAt }) : undefined
  if (!offer) throw new Error('the fixture holds no such offer')
  return { ...offer, ...changes }
}

export function aPodRow(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...pods.ready, ...changes }
}

export function aPodThatIs(state: keyof typeof pods.states): Record<string, unknown> {
  return aPodRow(pods.states[state])
}

export const parsedPod = (row: Record<string, unknown>): RunpodPod => RunpodPod.parse(row)

export const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPlaceholderPlaceholderPlaceholderPlacehold me@laptop'

export function anOrder(changes: Partial<LaunchOrder> = {}): LaunchOrder {
  return {
    label: 'gf-home-inst_7d0c1a-1',
    offer: anOffer(),
    image: 'vllm/vllm-openai:latest',
    registryAuth: null,
    environment: { HF_TOKEN: 'hf_very_secret' },
    ports: [{ containerPort: 8000, protocol: 'http' }],
    sshPublicKey: publicKey,
    onstartScript: null,
    diskGb: 100,
    bidPerHour: null,
    ...changes,
  }
}

/** The failure and the message of what an attempt throws. */
export async function failureOf(attempt: Promise<unknown>): Promise<ProviderFailure & { message: string }> {
  const error = await attempt.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ProviderError)) throw error
  return { ...error.failure, message: error.message }
}
