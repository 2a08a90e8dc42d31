import { type Launch, noPolicies } from '../../core/instances/instance.ts'
import type { Status } from '../../core/instances/status.ts'
import { hourMs, minuteMs } from '../../core/time.ts'
import { collectingLog } from '../../observability/collecting-log.ts'
import { createRedactor } from '../../observability/redaction.ts'
import { aMachine, aWish } from '../../testing/builders.ts'
import { type FakeProvider, failure, fakeProvider } from '../../testing/fake-provider.ts'
import { adminKey, type HttpWorld, httpWorld, openApi } from '../../testing/http-world.ts'
import { type VirtualClock, virtualClock } from '../../testing/virtual-clock.ts'
import { type Chance, chanceFrom } from './chance.ts'
import { type Document, type FuzzRequest, type Operation, operationsOf, requestFor } from './requests.ts'
import { broughtSecret, type Known, plantedSecret } from './values.ts'

export interface FuzzReport {
  sent: number
  /** Answered by a verb, not by a check before it. */
  reachedApp: number
  /** How many of each operation were answered well: what never is was not tried. */
  good: Map<string, number>
  failures: string[]
}

/** A world forgets: lists that only grow would make every request slower than the one before. */
const requestsPerWorld = 1_000
const hangsAfterMs = 10_000
const enoughFailures = 10

/** Codes of refusals that no verb has anything to do with, or may not have. */
const beforeApp = new Set([
  'invalid_request',
  'malformed_json',
  'unauthorized',
  'forbidden',
  'no_such_route',
  'method_not_allowed',
  'body_too_large',
  'idempotency_key_reused',
  'idempotency_in_progress',
])

/** Sends generated requests to every operation, one after the other, and says what should not have happened. */
export async function fuzz({ seed, requests }: { seed: number; requests: number }): Promise<FuzzReport> {
  const report: FuzzReport = { sent: 0, reachedApp: 0, good: new Map(), failures: [] }
  const operations = operationsOf(openApi as unknown as Document)
  for (const { method, template } of operations) report.good.set(`${method} ${template}`, 0)
  while (report.sent < requests && report.failures.length < enoughFailures) {
    const chance = chanceFrom(seed + report.sent)
    const { world, log } = await worldWith(chance)
    const known: Known & { ids: Map<string, string[]> } = { ids: new Map() }
    try {
      await furnish(world, known)
      const many = Math.min(requestsPerWorld, requests - report.sent)
      for (let number = 0; number < many && report.failures.length < enoughFailures; number += 1) {
        const operation = chance.one(operations)
        const request = requestFor(operation, { chance, known, schemas: openApi.components.schemas })
        const wrong = await tried(world, operation, request, { report, known, log })
        if (wrong !== undefined) {
          report.failures.push(
            `${wrong}\n  npm run fuzz -- --seed ${seed} --requests ${report.sent + 1}\n  ${curl(request)}`,
          )
        }
        report.sent += 1
        if (number % 50 === 0) await world.clock.advance(minuteMs)
      }
    } finally {
      await world.close()
    }
  }
  return report
}

async function tried(
  world: HttpWorld,
  { method, template }: Operation,
  request: FuzzRequest,
  {
    report,
    known,
    log,
  }: { report: FuzzReport; known: { ids: Map<string, string[]> }; log: ReturnType<typeof collectingLog> },
): Promise<string | undefined> {
  const written = log.lines.length
  const answer = await withinTime(answered(world, request)).catch((error: unknown) => ({ error }))
  if ('error' in answer)
    return answer.error instanceof Error ? answer.error.message.slice(0, 2_000) : String(answer.error)
  const { status, text, json } = answer
  const lines = JSON.stringify(log.lines.slice(written))
  if (status >= 500 && json?.code === 'internal') return `answered 500: ${lines.slice(0, 2_000)}`
  const mayShow = status === 201 && template === '/api/v1/webhooks' ? [broughtSecret] : []
  const shown = [plantedSecret, broughtSecret, 'sk-kept-secret', adminKey].find(
    (secret) => lines.includes(secret) || (text.includes(secret) && !mayShow.includes(secret)),
  )
  if (shown !== undefined) return `shows ${shown} in ${text.includes(shown) ? text : lines}`.slice(0, 2_000)
  if (status < 400 || !beforeApp.has(json?.code)) report.reachedApp += 1
  if (status < 400) {
    const name = `${method} ${template}`
    if (request.method === method) report.good.set(name, (report.good.get(name) ?? 0) + 1)
    remember(template, json?.data, known.ids)
  }
  return undefined
}

async function answered(world: HttpWorld, request: FuzzRequest) {
  const headers = { 'x-api-key': adminKey, ...request.headers }
  if (!/^\/+api\/v1\/events(?:[/?%]|$)/.test(request.url) || request.method !== 'GET') {
    return world.send({ ...request, headers })
  }
  // The stream never ends: its head is what is looked at.
  const abort = new AbortController()
  const { statusCode, stream } = await world.app.inject({
    ...request,
    headers: { host: 'localhost:8080', ...headers },
    payloadAsStream: true,
    signal: abort.signal,
  })
  const body = stream()
  body.on('error', () => {})
  abort.abort()
  return { status: statusCode, text: '', json: undefined }
}

/** Only a request that hangs waits for this clock. */
async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer: it hangs')), hangsAfterMs)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** Ids that answers show are used in later requests. */
function remember(template: string, data: unknown, ids: Map<string, string[]>): void {
  const collection = template.slice('/api/v1/'.length).split('/', 1)[0] ?? ''
  const name = template.endsWith('/deliveries') ? 'delivery_id' : collection
  for (const one of Array.isArray(data) ? data.slice(0, 3) : [data]) {
    const id = (one as { id?: unknown } | null | undefined)?.id
    if (typeof id !== 'string' && typeof id !== 'number') continue
    const known = ids.get(name) ?? []
    ids.set(name, [...known.filter((other) => other !== String(id)).slice(-20), String(id)])
  }
}

async function worldWith(chance: Chance) {
  const clock = virtualClock()
  const log = collectingLog(createRedactor())
  const providers = [
    moody(fakeProvider({ clock, name: 'vast', abilities: { hasLogs: true, hasBalance: true } }), clock, chance),
    moody(fakeProvider({ clock, name: 'runpod', abilities: { hasSpot: false, canStop: false } }), clock, chance),
  ]
  return { world: await httpWorld({ providers, http: { log } }), log }
}

/** A marketplace that fails in every way that there is, now and then. */
function moody(fake: FakeProvider, _clock: VirtualClock, chance: Chance): FakeProvider {
  const mood = () => {
    if (!chance.happens(0.3)) return
    throw failure(fake.name, chance.one(failures))
  }
  for (const verb of [
    'launch',
    'look',
    'lookAt',
    'stop',
    'start',
    'terminate',
    'quote',
    'search',
    'endThing',
  ] as const) {
    fake.before[verb] = mood
  }
  fake.restart = async () => mood()
  fake.logs = async () => {
    mood()
    return ['a line', 'another']
  }
  return fake
}

const failures = [
  { kind: 'no_capacity' },
  { kind: 'outcome_unknown' },
  { kind: 'rate_limited', retryAfterMs: 1_000 },
  { kind: 'unavailable' },
  { kind: 'unauthorized' },
  { kind: 'no_money' },
  { kind: 'not_now' },
  { kind: 'rejected' },
  { kind: 'unexpected_reply' },
] as const

/** Instances in several stages of life, so that most verbs have one that they can do something with. */
async function furnish(world: HttpWorld, { ids }: { ids: Map<string, string[]> }): Promise<void> {
  const stages: [Status, Partial<Launch>?][] = [
    ['requested'],
    ['starting', {}],
    ['running', { externalId: 'vast-1' }],
    ['ready', { externalId: 'vast-2' }],
    ['ready', { externalId: 'vast-3' }],
    ['stopped', { externalId: 'vast-4' }],
    ['interrupted', { externalId: 'vast-5' }],
    ['ready', { externalId: 'vast-6', keyMark: 'an older key' }],
    ['ready', { externalId: 'vast-7', keyMark: 'an older key' }],
    ['terminated', { settledAt: world.clock.now() }],
  ]
  const policies = {
    ...noPolicies,
    idle: { timeoutMs: hourMs, action: 'stop' as const, busyAbovePercent: null },
    maxLifetimeMs: 24 * hourMs,
  }
  const made: string[] = []
  for (const [at, [status, launch]] of stages.entries()) {
    const project = at % 2 === 0 ? 'default' : 'vision'
    const { id } = await world.hasInstance({ status, project, wish: aWish({ policies }) }, launch)
    made.push(id)
  }
  // One that nobody here has launched.
  world.providerNamed('vast').machines.set('stray-1', aMachine({ externalId: 'stray-1', label: 'by hand' }))
  ids.set('instances', made)
  ids.set('providers', ['vast', 'runpod', 'lambda', 'novita'])
  // Of providers, and of templates that requests make.
  ids.set('name', ['vast', 'runpod', 'lambda', 'novita', 'ci', 'laptop'])
  ids.set('account', ['main', 'spare', 'third'])
}

function curl({ method, url, headers, payload }: FuzzRequest): string {
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
  const sent = Object.entries({ 'x-api-key': '$CONTROL_API_KEY', ...headers }).map(
    ([name, value]) => `-H "${name}: ${value}"`,
  )
  const body = payload === undefined ? [] : ['--data-binary', quoted(payload.slice(0, 2_000))]
  return ['curl', '-X', method, quoted(`http://127.0.0.1:8080${url}`), ...sent, ...body].join(' ')
}
