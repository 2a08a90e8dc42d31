import type { RecogniseGpu } from '../../core/gpus/gpu.ts'
import { Secret } from '../../core/secret.ts'
import type { OutboundReply, OutboundRequest } from '../../outbound/outbound.ts'
import type { LaunchOrder } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { machineTypeNamed } from './catalogue.ts'
import errorBodies from './fixtures/errors.json' with { type: 'json' }
import events from './fixtures/events.json' with { type: 'json' }
import lists from './fixtures/lists.json' with { type: 'json' }
import machineFile from './fixtures/machine.json' with { type: 'json' }
import { type History, historyFrom } from './history.ts'
import { offerFromPaperspace } from './offers.ts'
import { templatesFor } from './templates.ts'
import { PaperspaceEvent, PaperspaceMachine, PaperspaceTemplate } from './wire.ts'

export const now = Date.parse('2026-09-30T16:02:00.000Z')
export const apiKey = 'paperspace-key-that-must-not-show'
export const machineId = machineFile.machine.id
export const label = machineFile.machine.name

export type Answer = OutboundReply | Error | ((request: OutboundRequest) => OutboundReply | Error)

/**
 * Records what is sent. Answers are found by `GET /machines`, method and path without the base; a list of them is
 * used up in order, and its last one repeats.
 */
export function aMarketplace(answers: Record<string, Answer | Answer[]> = {}) {
  const requests: OutboundRequest[] = []
  const deps: ProviderDeps = {
    outbound: {
      async send(request) {
        requests.push(request)
        const key = keyOf(request)
        const known = answers[key]
        const answer = Array.isArray(known) ? (known.length > 1 ? known.shift() : known[0]) : known
        const reply = typeof answer === 'function' ? answer(request) : answer
        if (reply === undefined) throw new Error(`no answer for ${key}`)
        if (reply instanceof Error) throw reply
        return reply
      },
    },
    clock: { now: () => now, sleep: async () => {} },
    gpus: { recognise, spellingsOf: (model) => (model === 'RTX A4000' ? ['A4000'] : []) },
    baseUrl: 'https://paperspace.test',
    apiKey: new Secret(apiKey),
    account: 'main',
  }
  return { deps, requests, answers, sentTo: () => requests.map(keyOf) }
}

function keyOf({ method, url }: OutboundRequest): string {
  return `${method} ${decodeURIComponent(new URL(url).pathname).replace(/^\/v1/, '')}`
}

export const recognise: RecogniseGpu = (spelling) =>
  spelling === 'A4000' ? { model: 'RTX A4000', known: true } : { model: spelling, known: false }

export function json(body: unknown, status = 200, more: Partial<OutboundReply> = {}): OutboundReply {
  return { status, headers: {}, text: JSON.stringify(body), json: body, retryAfterMs: null, ...more }
}

export function text(body: string, status = 200): OutboundReply {
  return { status, headers: {}, text: body, json: undefined, retryAfterMs: null }
}

export const notFound = json(errorBodies.notFound, 404)

export function aPage(items: unknown[], more: Record<string, unknown> = {}): OutboundReply {
  return json({ hasMore: false, items, ...more })
}

export function aMachine(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...machineFile.machine, ...changes }
}

export function aWireMachine(changes: Record<string, unknown> = {}): PaperspaceMachine {
  return PaperspaceMachine.parse(aMachine(changes))
}

type EventName = Exclude<keyof typeof events, 'source'>

export function anEvent(name: EventName, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...events[name], ...changes }
}

/** A whole history, unless said otherwise. */
export function aHistory(...rows: Record<string, unknown>[]): History {
  return historyFrom(
    rows.map((row) => PaperspaceEvent.parse(row)),
    true,
  )
}

export const templates = [lists.ubuntuTemplate, lists.mlTemplate, lists.windowsTemplate]
const readTemplateRows = templates.map((row) => PaperspaceTemplate.parse(row))

export function typeNamed(name: string) {
  const type = machineTypeNamed(name)
  if (!type) throw new Error(`no ${name} in the catalogue`)
  return type
}

export function fitsOf(name: string) {
  return templatesFor(typeNamed(name), readTemplateRows)
}

export const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPlaceholderPlaceholderPlaceholderPlacehold me@laptop'

export function anOffer() {
  const place = { type: typeNamed('A4000'), region: 'ny2' as const }
  return offerFromPaperspace(place, {
    available: true,
    fits: fitsOf('A4000'),
    diskGb: 50,
    seenAt: now,
    gpus: { recognise },
  })
}

export function anOrder(changes: Partial<LaunchOrder> = {}): LaunchOrder {
  return {
    label,
    offer: anOffer(),
    image: 'vllm/vllm-openai:latest',
    registryAuth: null,
    environment: { HF_TOKEN: 'hf_very_secret' },
    ports: [{ containerPort: 8000, protocol: 'http' }],
    sshPublicKey: publicKey,
    onstartScript: null,
    diskGb: 40,
    bidPerHour: null,
    ...changes,
  }
}
