/** Stand-ins for the tests of this folder. */
import type { RecogniseGpu } from '../../core/gpus/gpu.ts'
import { nanosFromUsd } from '../../core/money.ts'
import type { Offer } from '../../core/offers/offer.ts'
import { Secret } from '../../core/secret.ts'
import type { OutboundReply, OutboundRequest } from '../../outbound/outbound.ts'
import type { LaunchOrder } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import instance from './fixtures/instance.json' with { type: 'json' }
import states from './fixtures/instance-states.json' with { type: 'json' }
import offerFile from './fixtures/offer.json' with { type: 'json' }
import { offersFromVast, readVastOffer } from './offers.ts'

export const seenAt = 1_795_241_000_000
export const apiKey = 'vast-key-that-must-not-show'

type Answer = OutboundReply | Error | ((request: OutboundRequest) => OutboundReply | Error)

/** Records what is sent and answers what is queued, in order; the last answer repeats. */
export function aMarketplace(...answers: Answer[]) {
  const requests: OutboundRequest[] = []
  const slept: number[] = []
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
    clock: {
      now: () => now,
      async sleep(ms) {
        slept.push(ms)
        now += ms
      },
    },
    gpus: { recognise, spellingsOf: (model) => spellings[model] ?? [] },
    baseUrl: 'https://vast.test',
    apiKey: new Secret(apiKey),
    account: 'main',
  }
  return { deps, requests, slept, passMs: (ms: number) => (now += ms) }
}

const spellings: Record<string, string[]> = {
  'RTX 4090': ['RTX 4090', 'RTX_4090'],
  'A100 SXM 40GB': ['A100 SXM4'],
  'A100 SXM 80GB': ['A100 SXM4'],
}

export const recognise: RecogniseGpu = (spelling) => ({ model: spelling, known: spelling in spellings })

export function json(body: unknown, status = 200, more: Partial<OutboundReply> = {}): OutboundReply {
  return { status, headers: {}, text: JSON.stringify(body), json: body, retryAfterMs: null, ...more }
}

export function text(body: string, status = 200): OutboundReply {
  return { status, headers: {}, text: body, json: undefined, retryAfterMs: null }
}

export function anOfferRow(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...offerFile.offer, ...changes }
}

export function anOffer(market: Offer['market'] = 'on_demand', changes: Partial<Offer> = {}): Offer {
  const read = readVastOffer(anOfferRow())
  const offers = 'row' in read ? offersFromVast(read.row, 'ondemand', { gpus: { recognise }, seenAt }) : []
  const offer = offers.find((candidate) => candidate.market === market)
  if (!offer) throw new Error('the fixture holds no such offer')
  return { ...offer, ...changes }
}

export function anInstance(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...instance.answer.instances, ...changes }
}

export function anInstanceThatIs(state: Exclude<keyof typeof states.states, 'destroyed'>): Record<string, unknown> {
  return anInstance(states.states[state])
}

export function aPage(instances: unknown[], changes: Record<string, unknown> = {}): OutboundReply {
  return json({
    success: true,
    instances_found: instances.length,
    total_instances: instances.length,
    label_counts: {},
    next_token: null,
    instances,
    ...changes,
  })
}

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
    onstartScript: 'vllm serve $MODEL_ID --port 8000',
    diskGb: 100,
    bidPerHour: null,
    ...changes,
  }
}

export const aBid = nanosFromUsd('0.25')
