import { describe, expect, test, vi } from 'vitest'
import { Secret } from '../core/secret.ts'
import { collectingLog, silentLog } from '../observability/collecting-log.ts'
import { createMetrics } from '../observability/metrics.ts'
import { createRedactor } from '../observability/redaction.ts'
import { systemClock } from '../observability/system-clock.ts'
import { aRequest, manualClock, type Step, scriptedTransport } from './fakes.ts'
import { createOutbound, type OutboundSettings } from './http-client.ts'
import type { Notice } from './notices.ts'
import type { LimitRule, OutboundError, OutboundReply, OutboundRequest } from './outbound.ts'
import { TransportError } from './transport.ts'

const everySecond: LimitRule = { name: 'all', calls: 1, windowMs: 1_000, burst: 1 }
const reset = new TransportError('network', 'ECONNRESET')
const refused = new TransportError('not_sent', 'ECONNREFUSED')

function setup({ script = [{}], settings = {} }: { script?: Step[]; settings?: Partial<OutboundSettings> } = {}) {
  const clock = manualClock()
  const start = clock.now()
  const wire = scriptedTransport(clock, ...script)
  const redactor = createRedactor()
  const log = collectingLog(redactor)
  const metrics = createMetrics()
  const notices: Notice[] = []
  const outbound = createOutbound({
    clock,
    transport: wire.transport,
    metrics,
    log,
    redactor,
    userAgent: 'gpufleet/0.1.0',
    onNotice: (notice) => notices.push(notice),
    settings,
  })
  const sentAt = () => wire.sent.map(({ at }) => at - start)

  /** The reply or the error, after as much time as it takes. */
  async function send(request: Partial<OutboundRequest> = {}, withinMs = 600_000) {
    let end: { value: OutboundReply | OutboundError } | undefined
    outbound.send(aRequest(request)).then(
      (value) => {
        end = { value }
      },
      (error) => {
        end = { value: error }
      },
    )
    await clock.advance(0)
    for (let passedMs = 0; !end && passedMs < withinMs; passedMs += 100) await clock.advance(100)
    if (!end) throw new Error('still under way')
    return end.value
  }
  return { clock, outbound, send, wire, sentAt, redactor, log, metrics, notices }
}

test('a reply that repeats the key comes without it', async () => {
  const key = 'sk_0123456789abcdef'
  const { send } = setup({ script: [{ status: 401, body: JSON.stringify({ message: `no such key: ${key}` }) }] })
  expect(await send({ headers: { Authorization: `Bearer ${key}` } })).toMatchObject({
    status: 401,
    text: '{"message":"no such key: [secret]"}',
    json: { message: 'no such key: [secret]' },
  })
})

describe('what is sent', () => {
  test('names us, sends JSON, and passes the caller’s headers on', async () => {
    const { send, wire } = setup()
    await send({ method: 'POST', json: { a: 1 }, headers: { Authorization: 'Bearer k', 'User-Agent': 'someone-else' } })

    expect(wire.sent[0]?.request).toMatchObject({ method: 'POST', body: '{"a":1}' })
    expect(wire.sent[0]?.request.headers).toEqual({
      accept: 'application/json',
      'content-type': 'application/json',
      authorization: 'Bearer k',
      'user-agent': 'gpufleet/0.1.0',
    })
  })

  test('a reply of any status is a reply, with its JSON or without', async () => {
    const { send, wire } = setup({ script: [{ status: 404, body: '{"error":"auth_error"}' }] })
    expect(await send()).toMatchObject({ status: 404, json: { error: 'auth_error' }, retryAfterMs: null })

    wire.follow({ status: 302, headers: { location: 'https://elsewhere.example' }, body: '<html>' })
    expect(await send()).toMatchObject({ status: 302, json: undefined, text: '<html>' })
    expect(wire.sent).toHaveLength(2)
  })
})

describe('repeating', () => {
  test.each([429, 500, 502, 503, 504])('a safe request is tried three times when the answer is %i', async (status) => {
    const { send, wire } = setup({ script: [{ status }] })
    expect(await send()).toMatchObject({ status })
    expect(wire.sent).toHaveLength(3)
  })

  test.each([
    ['network', reset, 'network'],
    ['not sent', refused, 'not_sent'],
    ['silence', 'silence' as const, 'timeout'],
  ])('a safe request is tried three times: %s', async (_, step, trouble) => {
    const { send, wire } = setup({ script: [step] })
    expect(await send()).toMatchObject({ trouble })
    expect(wire.sent).toHaveLength(3)
  })

  test.each([200, 400, 401, 403, 404, 409, 410, 422, 501])('an answer of %i is not repeated', async (status) => {
    const { send, wire } = setup({ script: [{ status }] })
    expect(await send()).toMatchObject({ status })
    expect(wire.sent).toHaveLength(1)
  })

  test.each<[string, Step]>([
    ['429', { status: 429, headers: { 'retry-after': '1' } }],
    ['500', { status: 500 }],
    ['503', { status: 503 }],
    ['a reset', reset],
    ['a refusal', refused],
    ['silence', 'silence'],
  ])('a request that may go out once goes out once: %s', async (_, step) => {
    const { clock, send, wire } = setup({ script: [step, {}] })
    await send({ repeat: 'once' })
    await clock.advance(600_000)
    expect(wire.sent).toHaveLength(1)
  })

  test('success on the second try is success', async () => {
    const { send, wire } = setup({ script: [reset, { body: '{"ok":true}' }] })
    expect(await send()).toMatchObject({ status: 200, json: { ok: true } })
    expect(wire.sent).toHaveLength(2)
  })

  test('waits longer before each repeat, and not the same for everybody', async () => {
    const seen = new Set<number>()
    for (let run = 0; run < 5; run++) {
      const { send, sentAt } = setup({ script: [{ status: 503 }] })
      await send()
      const [, second = 0, third = 0] = sentAt()
      expect(third).toBeLessThan(20_000)
      seen.add(second)
    }
    expect(seen.size).toBeGreaterThan(1)
  })

  test('waits as long as a short Retry-After asks, and hardly longer', async () => {
    const { send, sentAt } = setup({ script: [{ status: 503, headers: { 'retry-after': '20' } }, {}] })
    expect(await send()).toMatchObject({ status: 200 })
    expect(sentAt()[1]).toBeGreaterThanOrEqual(20_000)
    expect(sentAt()[1]).toBeLessThanOrEqual(21_000)
  })

  test('returns a reply that asks for a long wait at once', async () => {
    const { send, wire } = setup({ script: [{ status: 429, headers: { 'retry-after': '21' } }, {}] })
    expect(await send({}, 0)).toMatchObject({ status: 429, retryAfterMs: 21_000 })
    expect(wire.sent).toHaveLength(1)
  })

  test('what may have been acted on is not forgotten because a later try never left', async () => {
    const { send } = setup({ script: ['silence', refused] })
    expect(await send()).toMatchObject({ trouble: 'timeout', nothingDone: false })

    const other = setup({ script: [refused] })
    expect(await other.send()).toMatchObject({ trouble: 'not_sent', nothingDone: true })
  })

  test('gives up on the caller’s signal: before sending, in flight, and between tries', async () => {
    const before = setup()
    expect(await before.send({ signal: AbortSignal.abort() })).toMatchObject({ trouble: 'not_sent' })
    expect(before.wire.sent).toHaveLength(0)

    const inFlight = setup({ script: ['silence'] })
    const first = new AbortController()
    const flying = inFlight.send({ signal: first.signal })
    await inFlight.clock.advance(0)
    first.abort()
    expect(await flying).toMatchObject({ trouble: 'network', nothingDone: false })
    expect(inFlight.wire.sent).toHaveLength(1)
    expect(inFlight.wire.sent[0]?.request.signal.aborted).toBe(true)

    const between = setup({ script: [{ status: 503, headers: { 'retry-after': '20' } }] })
    const second = new AbortController()
    const waiting = between.outbound.send(aRequest({ signal: second.signal }))
    await between.clock.advance(5_000)
    second.abort()
    expect(await waiting).toMatchObject({ status: 503 })
    expect(between.wire.sent).toHaveLength(1)
  })
})

describe('timeout', () => {
  test('after 30 seconds, or what the request says, even when the transport does not listen', async () => {
    const usual = setup({ script: ['silence'] })
    const started = usual.clock.now()
    expect(await usual.send({ repeat: 'once' })).toMatchObject({ trouble: 'timeout', nothingDone: false })
    expect(usual.clock.now() - started).toBe(30_000)

    const short = setup({ script: ['silence'] })
    const shortly = short.clock.now()
    await short.send({ repeat: 'once', timeoutMs: 500 })
    expect(short.clock.now() - shortly).toBe(500)
  })
})

describe('limits', () => {
  test('every try passes the limit, repeats too', async () => {
    const { send, sentAt } = setup({ script: [reset], settings: { firstBackoffMs: 1 } })
    await send({ limits: [everySecond] })
    expect(sentAt()).toEqual([0, 1_000, 2_000])
  })

  test('two accounts, and two targets, have limits of their own', async () => {
    const { outbound, clock, sentAt } = setup()
    outbound.send(aRequest({ limits: [everySecond] }))
    outbound.send(aRequest({ limits: [everySecond], account: 'second' }))
    outbound.send(aRequest({ limits: [everySecond], target: 'lambda' }))
    await clock.advance(0)
    expect(sentAt()).toEqual([0, 0, 0])
  })

  test.each<[string, Partial<OutboundReply> & { body?: string }, number]>([
    ['Retry-After', { headers: { 'retry-after': '7' } }, 7_000],
    ['threshold in a text', { body: 'API requests too frequent: endpoint threshold=4.5' }, 4_500],
    ['threshold in JSON', { body: '{"detail":"API requests too frequent endpoint threshold=3.0"}' }, 3_000],
    ['retry_after in JSON', { body: '{"retry_after": 9}' }, 9_000],
    ['nothing', {}, 1_000],
    [
      'the longest of several',
      { headers: { 'retry-after': '2', ratelimit: '"minute";r=0;t=12, "hour";r=2800;t=1812' } },
      12_000,
    ],
  ])('a 429 holds back everything that needs the same limits: %s', async (_, refusal, waitMs) => {
    const { send, outbound, clock, sentAt } = setup({ script: [{ status: 429, ...refusal }, {}] })
    const twoLimits = [
      { ...everySecond, windowMs: 100 },
      { ...everySecond, name: 'launch', windowMs: 100 },
    ]
    await send({ repeat: 'once', limits: twoLimits }, 0)

    for (const limit of twoLimits) outbound.send(aRequest({ limits: [limit] }))
    outbound.send(aRequest({ limits: [{ ...everySecond, name: 'other' }] }))
    await clock.advance(30_000)
    expect(sentAt().slice(1)).toEqual([0, waitMs, waitMs])
  })

  test('refusals without a word about time pause twice as long each, until one is heard', async () => {
    const { send, outbound, clock, sentAt, wire } = setup({ script: [{ status: 429 }] })
    const limits = [{ ...everySecond, windowMs: 10 }]
    for (let times = 0; times < 4; times++) await send({ repeat: 'once', limits })
    expect(sentAt()).toEqual([0, 1_000, 3_000, 7_000])

    wire.follow({})
    await send({ limits })
    wire.follow({ status: 429 }, {})
    await send({ repeat: 'once', limits })
    const refusedAt = sentAt().at(-1) ?? 0
    outbound.send(aRequest({ limits }))
    await clock.advance(5_000)
    expect(sentAt().at(-1)).toBe(refusedAt + 1_000)
  })

  test('a used-up window holds calls back before anything is refused', async () => {
    const { send, outbound, clock, sentAt } = setup({
      script: [{ headers: { ratelimit: '"minute";r=0;t=12' } }, {}],
    })
    expect(await send({ limits: [everySecond] }, 0)).toMatchObject({ status: 200, retryAfterMs: 12_000 })
    outbound.send(aRequest({ limits: [everySecond] }))
    await clock.advance(20_000)
    expect(sentAt()).toEqual([0, 12_000])
  })

  test('a wait of hours is answered at once, with how long', async () => {
    const { send, wire } = setup({ script: [{ status: 429, headers: { 'retry-after': '7200' } }] })
    await send({ limits: [everySecond] }, 0)
    const error = await send({ limits: [everySecond] }, 0)
    expect(error).toMatchObject({ trouble: 'rate_limited', nothingDone: true })
    expect((error as OutboundError).retryAfterMs).toBeGreaterThan(7_190_000)
    expect(wire.sent).toHaveLength(1)
  })

  test('after a cold start the first call waits one interval', async () => {
    const busyUntil = manualClock().now()
    const { outbound, clock, sentAt } = setup({ settings: { busyUntil } })
    await clock.advance(400)
    outbound.send(aRequest({ limits: [everySecond] }))
    await clock.advance(5_000)
    expect(sentAt()).toEqual([1_000])
  })

  test.each([
    ['a limit whose window has passed since then is full', -1_000, 0],
    ['one that was used up half a window ago is waited out', -400, 600],
    ['a clock that was set back makes nobody wait longer', 3_600_000, 1_000],
  ])('%s', async (_what, busyMs, leavesAt) => {
    const busyUntil = manualClock().now() + busyMs
    const { outbound, clock, sentAt } = setup({ settings: { busyUntil } })
    outbound.send(aRequest({ limits: [everySecond] }))
    await clock.advance(5_000)
    expect(sentAt()).toEqual([leavesAt])
  })

  test('an order that comes last leaves before the searches that wait for the same limit', async () => {
    const { outbound, clock, wire } = setup()
    for (const search of ['search 1', 'search 2', 'search 3']) {
      outbound.send(aRequest({ url: `https://api.test/${search}`, urgency: 'read', limits: [everySecond] }))
    }
    await clock.advance(0)
    outbound.send(aRequest({ url: 'https://api.test/end', urgency: 'order', limits: [everySecond] }))
    await clock.advance(10_000)
    expect(wire.sent.map(({ request }) => request.url.split('/').at(-1))).toEqual([
      'search 1',
      'end',
      'search 2',
      'search 3',
    ])
  })
})

describe('breaker', () => {
  const settings = { breaker: { failures: 3, openMs: 10_000, longestOpenMs: 30_000 } }
  const once = { repeat: 'once' } as const

  async function opened(step: Step = { status: 500 }) {
    const parts = setup({ script: [step], settings })
    for (let times = 0; times < 3; times++) await parts.send(once)
    parts.wire.sent.length = 0
    return parts
  }

  test.each<[string, Step]>([
    ['5xx', { status: 500 }],
    ['timeouts', 'silence'],
    ['resets', reset],
    ['refusals', refused],
  ])('opens after %s in a row, and then sends nothing', async (_, step) => {
    const { send, wire, log, metrics } = await opened(step)
    expect(await send(once)).toMatchObject({ trouble: 'circuit_open', nothingDone: true, retryAfterMs: 10_000 })
    expect(await send({ repeat: 'safe' })).toMatchObject({ trouble: 'circuit_open' })
    expect(wire.sent).toHaveLength(0)
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { provider: 'vast', account: 'main', state: 'open' } }])
    expect(await metrics.text()).toContain('gpufleet_provider_breaker_state{provider="vast",account="main"} 2')
  })

  test.each([400, 401, 404, 429])('stays closed on %i', async (status) => {
    const { send, wire } = await opened({ status })
    await send(once)
    expect(wire.sent).toHaveLength(1)
  })

  test('stays closed for other accounts', async () => {
    const { send, wire } = await opened()
    await send({ ...once, account: 'second' })
    expect(wire.sent).toHaveLength(1)
  })

  test('lets one request try after a while, and closes when that goes well', async () => {
    const { clock, send, wire, outbound } = await opened('silence')
    await clock.advance(10_000)
    const probe = outbound.send(aRequest(once)).catch((error) => error)
    await clock.advance(0)
    expect(await send(once, 0)).toMatchObject({ trouble: 'circuit_open' })
    expect(wire.sent).toHaveLength(1)

    await clock.advance(30_000)
    expect(await probe).toMatchObject({ trouble: 'timeout' })
    expect(await send(once, 0)).toMatchObject({ trouble: 'circuit_open' })

    // The second time it stays open twice as long.
    wire.follow({})
    await clock.advance(19_000)
    expect(await send(once, 0)).toMatchObject({ trouble: 'circuit_open' })
    await clock.advance(1_000)
    expect(await send(once)).toMatchObject({ status: 200 })
    expect(await send(once)).toMatchObject({ status: 200 })
    expect(wire.sent).toHaveLength(3)
  })

  test('callers that give up say nothing about the far side', async () => {
    const { outbound, clock, wire, send } = setup({ script: ['silence'], settings })
    for (let times = 0; times < 5; times++) {
      const caller = new AbortController()
      const ended = outbound.send(aRequest({ signal: caller.signal })).catch(() => {})
      await clock.advance(0)
      caller.abort()
      await ended
    }
    wire.follow({})
    expect(await send(once)).toMatchObject({ status: 200 })
  })

  test('a reply that is too long to read is neither repeated nor held against the far side', async () => {
    const { send, wire } = setup({ script: [new TransportError('reply_too_large', 'too long')], settings })
    for (let times = 0; times < 4; times++) expect(await send()).toMatchObject({ trouble: 'network' })
    expect(wire.sent).toHaveLength(4)
  })

  test('a failed try that opens it is what the caller hears of', async () => {
    const { send, wire } = setup({
      script: [{ status: 503 }],
      settings: { breaker: { ...settings.breaker, failures: 2 } },
    })
    expect(await send()).toMatchObject({ status: 503 })
    expect(wire.sent).toHaveLength(2)
  })
})

describe('secrets', () => {
  test('appear in no error, whatever the transport says, nor in the causes', async () => {
    const { send, redactor } = setup({
      script: [new TransportError('network', 'bad header Bearer vk-123456', { cause: new Error('registered-9') })],
    })
    redactor.register(new Secret('registered-9'))
    const error = (await send({
      url: 'https://api.example/v1/registered-9/x?api_key=abcdef',
      headers: { Authorization: 'Bearer vk-123456' },
    })) as OutboundError

    const everything = [error.message, error.stack, inspected(error), JSON.stringify(redactor.value(error))].join('\n')
    expect(everything).toContain('vast look (GET https://api.example/v1/[secret]/x)')
    expect(everything).not.toMatch(/vk-123456|registered-9|abcdef/)
  })

  function inspected(error: unknown): string {
    return error instanceof Error ? `${error.stack}${inspected(error.cause)}` : String(error)
  }
})

describe('notices', () => {
  test('a deprecation is told once, and again when it changes', async () => {
    const deprecated = { headers: { deprecation: '@1790000000', sunset: 'Fri, 01 Jan 2027 00:00:00 GMT' } }
    const { send, notices, log, metrics, wire } = setup({ script: [deprecated] })
    await send()
    await send()
    expect(notices).toEqual([
      {
        target: 'vast',
        account: 'main',
        operation: 'look',
        kind: 'deprecation',
        text: 'vast calls what we use for look deprecated since 2026-09-21; it ends on 2027-01-01.',
        version: null,
        since: 1_790_000_000_000,
        sunsetAt: Date.UTC(2027, 0, 1),
        link: null,
      },
    ])
    expect(log.lines).toHaveLength(1)

    wire.follow({ headers: { deprecation: '@1790000000', sunset: 'Tue, 01 Dec 2026 00:00:00 GMT' } })
    await send()
    expect(notices).toHaveLength(2)
    expect(await metrics.text()).toContain('gpufleet_provider_notices_total{provider="vast",kind="deprecation"} 2')
  })

  test('a new API version is a change, the first one is only noted', async () => {
    const { send, notices, log, wire } = setup({ script: [{ headers: { 'api-version': '2026-08' } }] })
    await send()
    expect(notices).toMatchObject([{ kind: 'version', version: '2026-08' }])
    expect(log.lines).toEqual([])
    wire.follow({ headers: { 'api-version': '2026-10' } })
    await send()
    await send()
    expect(notices.slice(1)).toMatchObject([
      { kind: 'version_change', text: expect.stringContaining('2026-10; before it was 2026-08') },
    ])
  })

  test('two versions that take turns are a change once', async () => {
    const { send, log, metrics, wire } = setup({ script: [] })
    for (const version of ['v1', 'v2', 'v1', 'v2', 'v1', 'v2']) {
      wire.follow({ headers: { 'api-version': version } })
      await send()
    }
    expect(log.lines).toHaveLength(1)
    expect(await metrics.text()).toContain('gpufleet_provider_notices_total{provider="vast",kind="version_change"} 1')
  })

  test('an ear that fails does not cost the reply', async () => {
    const clock = manualClock()
    const outbound = createOutbound({
      clock,
      transport: scriptedTransport(clock, { headers: { deprecation: 'true' } }).transport,
      metrics: createMetrics(),
      log: collectingLog(),
      redactor: createRedactor(),
      userAgent: 'gpufleet/0.1.0',
      onNotice: () => {
        throw new Error('no')
      },
    })
    expect(await outbound.send(aRequest())).toMatchObject({ status: 200 })
  })
})

test('works on replaced global timers too', async () => {
  vi.useFakeTimers()
  vi.setTimerTickMode('nextTimerAsync')
  try {
    const clock = systemClock()
    const { transport, sent } = scriptedTransport(clock, 'silence', { status: 429 }, {})
    const outbound = createOutbound({
      clock,
      transport,
      metrics: createMetrics(),
      log: silentLog(),
      redactor: createRedactor(),
      userAgent: 'gpufleet/0.1.0',
    })
    expect(await outbound.send(aRequest({ limits: [everySecond] }))).toMatchObject({ status: 200 })
    expect(sent).toHaveLength(3)
  } finally {
    vi.useRealTimers()
  }
})

test('counts every try, and what ended badly', async () => {
  const { send, metrics } = setup({ script: [{ status: 503 }, reset, { status: 404 }, { status: 429 }] })
  await send()
  await send({ repeat: 'once' })
  const text = await metrics.text()
  for (const outcome of ['5xx', 'network', '4xx', '429']) {
    expect(text).toContain(
      `gpufleet_provider_requests_total{provider="vast",account="main",operation="look",outcome="${outcome}"} 1`,
    )
  }
  expect(text).toContain('gpufleet_provider_errors_total{provider="vast",account="main",operation="look",kind="429"} 1')
  expect(text).not.toContain('kind="5xx"')
  expect(text).toContain('gpufleet_provider_request_seconds_count{provider="vast",operation="look"} 4')
})

test('a request that cannot be written down is a mistake of ours, not trouble', async () => {
  const { send } = setup()
  expect(await send({ method: 'POST', json: { price: 1n } })).toBeInstanceOf(TypeError)
  expect(await send({ limits: [{ ...everySecond, calls: 0 }] })).toBeInstanceOf(RangeError)
})
