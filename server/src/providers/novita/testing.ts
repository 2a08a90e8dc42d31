/** Stand-ins for the tests of this folder. */
import type { RecogniseGpu } from '../../core/gpus/gpu.ts'
import type { Offer } from '../../core/offers/offer.ts'
import { Secret } from '../../core/secret.ts'
import type { OutboundReply, OutboundRequest } from '../../outbound/outbound.ts'
import type { LaunchOrder } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import clusterFile from './fixtures/clusters.json' with { type: 'json' }
import instance from './fixtures/instance.json' with { type: 'json' }
import states from './fixtures/instance-states.json' with { type: 'json' }
import productFile from './fixtures/product.json' with { type: 'json' }
import { offersFromNovita, readProduct } from './offers.ts'
import { NovitaInstance } from './wire.ts'

/** An hour and a bit after the fixture's machine was created. */
export const now = 1_767_226_000_000
export const apiKey = 'sk_that-must-not-show'

type Answer = OutboundReply | Error
type Answers = Answer | Answer[] | ((request: OutboundRequest) => Answer)

/** Records what is sent. Answers by operation; of several answers the last one repeats. */
export function aMarketplace(answers: Record<string, Answers>) {
  const requests: OutboundRequest[] = []
  const slept: number[] = []
  const clock = { at: now }
  const deps: ProviderDeps = {
    outbound: {
      async send(request) {
        requests.push(request)
        const queued = answers[request.operation]
        const answer =
          typeof queued === 'function'
            ? queued(request)
            : Array.isArray(queued)
              ? queued.length > 1
                ? queued.shift()
                : queued[0]
              : queued
        if (answer === undefined) throw new Error(`no answer for ${request.operation}`)
        if (answer instanceof Error) throw answer
        return answer
      },
    },
    clock: {
      now: () => clock.at,
      async sleep(ms) {
        slept.push(ms)
        clock.at += ms
      },
    },
    gpus: { recognise, spellingsOf: (model) => (model === 'RTX 4090' ? ['RTX 4090 24GB', 'RTX4090 24GB'] : []) },
    baseUrl: 'https://novita.test',
    apiKey: new Secret(apiKey),
    account: 'main',
  }
  return {
    deps,
    requests,
    slept,
    clock,
    sent: (operation: string) => requests.filter((r) => r.operation === operation),
  }
}

export const recognise: RecogniseGpu = (spelling) =>
  spelling === 'RTX 4090 24GB' ? { model: 'RTX 4090', known: true } : { model: spelling, known: false }

export function json(body: unknown, status = 200, more: Partial<OutboundReply> = {}): OutboundReply {
  return { status, headers: {}, text: JSON.stringify(body), json: body, retryAfterMs: null, ...more }
}

export function text(body: string, status = 200): OutboundReply {
  return { status, headers: {}, text: body, json: undefined, retryAfterMs: null }
}

export function refused(status: number, reason: string, message = ''): OutboundReply {
  return json({ code: status, reason, message, metadata: {} }, status)
}

export const clusters = clusterFile.answer
const [california] = clusters.data
if (california === undefined) throw new Error('the fixture holds no cluster')
export const cluster = { id: california.id, name: california.name }

export function aProduct(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...productFile.product, ...changes }
}

export function anOffer(market: Offer['market'] = 'on_demand', changes: Partial<Offer> = {}, gpuNum = 1): Offer {
  const read = readProduct(aProduct())
  const offers = 'row' in read ? offersFromNovita(read.row, { cluster, gpus: { recognise }, seenAt: now }) : []
  const offer = offers.find((candidate) => candidate.market === market && candidate.gpu.count === gpuNum)
  if (!offer) throw new Error('the fixture holds no such offer')
  return { ...offer, ...changes }
}

export function aRow(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...instance.answer, ...changes }
}

/** As the list shows it: without the parts that only the answer for one instance has. */
export function aListedRow(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const { connectComponentSSH: _, ...row } = aRow(changes)
  return row
}

export function aRowThatIs(state: keyof typeof states.states, changes: Record<string, unknown> = {}) {
  return aRow({ ...states.states[state], ...changes })
}

export function wireOf(row: Record<string, unknown>): NovitaInstance {
  return NovitaInstance.parse(row)
}

export function aPage(instances: unknown[], total: number | string = instances.length): OutboundReply {
  return json({ instances, total })
}

export const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPlaceholderPlaceholderPlaceholderPlacehold me@laptop'

export function anOrder(changes: Partial<LaunchOrder> = {}): LaunchOrder {
  return {
    label: 'gf-home-inst_7d0c1a-1',
    offer: anOffer(),
    image: 'docker.io/pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime',
    registryAuth: null,
    environment: { HF_TOKEN: 'hf_very_secret' },
    ports: [{ containerPort: 8888, protocol: 'http' }],
    sshPublicKey: null,
    onstartScript: null,
    diskGb: 100,
    bidPerHour: null,
    ...changes,
  }
}
