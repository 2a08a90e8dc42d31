/** Stand-ins for the tests of this folder. */
import type { RecogniseGpu } from '../../core/gpus/gpu.ts'
import type { Offer } from '../../core/offers/offer.ts'
import { Secret } from '../../core/secret.ts'
import type { OutboundReply, OutboundRequest } from '../../outbound/outbound.ts'
import type { LaunchOrder } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import active from './fixtures/instance-active.json' with { type: 'json' }
import types from './fixtures/instance-types.json' with { type: 'json' }
import { offersFromLambda } from './offers.ts'

export const seenAt = 1_795_241_000_000
export const apiKey = 'secret_fleet_0123456789abcdef.must-not-show'
export const instanceId = active.answer.data.id

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
    baseUrl: 'https://lambda.test',
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
  A10: ['gpu_1x_a10'],
  'H100 SXM 80GB': ['gpu_1x_h100_sxm5', 'gpu_8x_h100_sxm5'],
  'GH200 96GB': ['gpu_1x_gh200'],
  'H200 SXM 141GB': ['H200 (141 GB SXM5)'],
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

export function refused(code: string, status = 400): OutboundReply {
  return json({ error: { code, message: 'They say why.' } }, status)
}

export function anInstance(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...active.answer.data, ...changes }
}

export function aTypeEntry(changes: Record<string, unknown> = {}, regions?: unknown[]): Record<string, unknown> {
  const { instance_type, regions_with_capacity_available } = types.answer.data.gpu_1x_a10
  return {
    instance_type: { ...instance_type, ...changes },
    regions_with_capacity_available: regions ?? regions_with_capacity_available,
  }
}

export function anOffer(changes: Partial<Offer> = {}): Offer {
  const [offer] = offersFromLambda('gpu_1x_a10', aTypeEntry(), { gpus: { recognise }, seenAt }).offers
  if (!offer) throw new Error('the fixture holds no offer')
  return { ...offer, ...changes }
}

export const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPlaceholderPlaceholderPlaceholderPlacehold me@laptop'
export const otherKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAnotherAnotherAnotherAnotherAnotherAnotherAn you@desk'

export function anOrder(changes: Partial<LaunchOrder> = {}): LaunchOrder {
  return {
    label: 'gf-home-inst_7d0c1a-1',
    offer: anOffer(),
    image: 'vllm/vllm-openai:latest',
    registryAuth: null,
    environment: { HF_TOKEN: 'hf_very_secret' },
    ports: [
      { containerPort: 8000, protocol: 'http' },
      { containerPort: 5000, protocol: 'udp' },
    ],
    sshPublicKey: publicKey,
    onstartScript: null,
    diskGb: 100,
    bidPerHour: null,
    ...changes,
  }
}
