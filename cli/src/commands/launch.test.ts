import { describe, expect, test } from 'vitest'
import { anEvent, anId, anInstance, anOffer, at, statusEvent } from '../testing/builders.ts'
import { type Answers, cli, good, problem, streamOf } from '../testing/fake-world.ts'

const plan = (offers = [anOffer(), anOffer({ id: 'runpod_b', price_per_hour_usd: '1.2' })]) =>
  good({ dry_run: true, offers, disk_gb: 10, cheapest_per_hour_usd: '0.31' }, { warnings: [] })

const attempt = (number: number, provider: string, seconds: number) =>
  anEvent({
    at: at(seconds),
    kind: 'attempt',
    because: 'plan_made',
    message: `attempt ${number}: 1x RTX 4090 at ${provider}, europe-west, $0.3134/h (spot)`,
    data: { attempt: number, provider },
  })

const asked = statusEvent('requested', 'asked', 'the caller asked for it')

const answers = (changes: Answers = {}): Answers => ({
  'POST /api/v1/instances/plan': () => plan(),
  'POST /api/v1/instances': () => good(anInstance({ status: 'requested', label: 'vllm' }), { warnings: [] }),
  'GET /api/v1/events': streamOf([
    asked,
    attempt(1, 'vast_ai', 1),
    statusEvent('launching', 'plan_made', 'an offer was chosen', 1),
    anEvent({
      at: at(4),
      kind: 'attempt_ended',
      because: 'no_capacity',
      message: 'somebody was quicker; trying the next offer: no_such_ask',
      data: { attempt: 1, provider: 'vast_ai' },
    }),
    statusEvent('requested', 'no_capacity', 'somebody was quicker; trying the next offer: no_such_ask', 4),
    attempt(2, 'runpod', 5),
    statusEvent('starting', 'machine_rented', 'the marketplace accepted the launch', 6),
    statusEvent('ready', 'health_passed', 'the health check passed', 90),
  ]),
  [`GET /api/v1/instances/${anId}`]: () => good(anInstance({ label: 'vllm' })),
  ...changes,
})

const launch = (args: string[], options: Parameters<typeof cli>[1] = {}) =>
  cli(['launch', '--gpu', 'RTX 4090', '--no-ssh-key', ...args], { answers: answers(), ...options })

test('shows the plan, follows each attempt, and says how to reach the machine', async () => {
  const { exitCode, out, requests } = await launch(['--yes', '--max-price', '$.50', '--port', '8000/http'])

  expect(exitCode).toBe(0)
  expect(out.join('\n')).toBe(
    [
      'To be tried, in this order (prices with 10 GB of disk):',
      '',
      'OFFER          GPU           VRAM  MARKET     PER HOUR  REGION       CPU    RAM    DISK  DOWN/UP MBIT/S  RELIABLE       SEEN',
      'vast_30001172  1x RTX 4090  24 GB  on_demand   $0.3134  europe-west   16  64 GB  500 GB           800/-    99.1 %  1 min ago',
      'runpod_b       1x RTX 4090  24 GB  on_demand   $1.2000  europe-west   16  64 GB  500 GB           800/-    99.1 %  1 min ago',
      '',
      `${anId} (vllm) is asked for. Ctrl-C stops following, not the launch.`,
      '  0:01  attempt 1: 1x RTX 4090 at vast_ai, europe-west, $0.3134/h (spot)',
      '  0:04  attempt 1 ended: somebody was quicker: no_such_ask',
      '  0:05  attempt 2: 1x RTX 4090 at runpod, europe-west, $0.3134/h (spot)',
      '  0:06  starting: the marketplace accepted the launch',
      '  1:30  ready: the health check passed',
      '',
      'Ready after 1 min 30 s: 1x RTX 4090 at vast_ai, europe-west, spot, $0.3134/h',
      '',
      '  ssh             ssh -p 41022 root@198.51.100.7',
      '  port 8000/http  198.51.100.7:41080',
      `  end it          gpufleet terminate ${anId}`,
    ].join('\n'),
  )
  const sent = requests.find(({ method, path }) => method === 'POST' && path === '/api/v1/instances')
  expect(sent?.headers['idempotency-key']).toBe('key-1')
  expect(sent?.body).toEqual({
    gpu_models: ['RTX 4090'],
    max_price_per_hour_usd: '0.50',
    ports: [{ container_port: 8000, protocol: 'http' }],
  })
})

test('--json prints one line per event and the instance last', async () => {
  const { exitCode, out } = await launch(['--yes', '--json'])

  const lines = out.map((line) => JSON.parse(line))
  expect(exitCode).toBe(0)
  expect(lines).toHaveLength(9)
  expect(lines[0]).toMatchObject({ kind: 'status', status: 'requested' })
  expect(lines.at(-1)).toMatchObject({ id: anId, status: 'ready' })
})

describe('before anything is rented', () => {
  const rented = ({ requests }: Awaited<ReturnType<typeof cli>>) =>
    requests.some(({ method, path }) => method === 'POST' && path === '/api/v1/instances')
  const terminal = { input: true, output: true, errors: true }
  const env = { NO_COLOR: '1' }

  test('a person is asked, and only yes rents', async () => {
    const no = await launch([], { answers: answers(), world: { env, terminal, ask: async () => '' } })
    const yes = await launch([], { answers: answers(), world: { env, terminal, ask: async () => 'y' } })

    expect([no.exitCode, rented(no), no.err]).toEqual([1, false, ['Nothing was rented.']])
    expect([yes.exitCode, rented(yes)]).toEqual([0, true])
  })

  test('without a person and without --yes nothing happens', async () => {
    const ran = await launch([])

    expect(ran.exitCode).toBe(2)
    expect(ran.requests).toEqual([])
    expect(ran.err).toEqual([
      'error: renting costs money, and there is nobody to ask',
      'fix:   add --yes to rent, or --dry-run to look',
    ])
  })

  test('Ctrl-C at the question is an interruption', async () => {
    const interrupt = new AbortController()
    const ask = async () => {
      interrupt.abort()
      return ''
    }

    const ran = await launch([], { answers: answers(), world: { env, terminal, ask, interrupted: interrupt.signal } })

    expect([ran.exitCode, rented(ran)]).toEqual([130, false])
  })

  test('--dry-run only looks', async () => {
    const ran = await launch(['--dry-run'])

    expect([ran.exitCode, rented(ran)]).toEqual([0, false])
    expect(ran.out[0]).toBe('To be tried, in this order (prices with 10 GB of disk):')
  })

  test('without a cap it says how dear it may become', async () => {
    const offers = ['0.3', '0.4', '0.5', '0.6', '63.99'].map((price_per_hour_usd, at) =>
      anOffer({ id: `vast_${at}`, price_per_hour_usd }),
    )
    const { out } = await launch(['--dry-run'], { answers: { 'POST /api/v1/instances/plan': () => plan(offers) } })

    expect(out.at(-2)).toBe('and 2 more, up to $63.9900/h; --max-price sets a limit')
  })

  test('when nothing fits it says which wish is to blame', async () => {
    const sentence = 'max_price removed 12 of 12 RTX 4090 offers; the cheapest costs 0.31'
    const ran = await launch(['--yes', '--max-price', '0.10'], {
      answers: {
        'POST /api/v1/instances/plan': () => plan([]),
        'POST /api/v1/offers/search/advanced': () =>
          good([], { matching: 0, warnings: [], explanation: { sentence, total: 12, emptied_by: [], filters: [] } }),
      },
    })

    expect([ran.exitCode, rented(ran)]).toEqual([3, false])
    expect(ran.err).toEqual([
      'Nothing on sale fits: --max-price removed 12 of 12 RTX 4090 offers; the cheapest costs 0.31.',
      'Change what the line above names.',
    ])
  })

  test('a missing SSH key is said', async () => {
    const { err } = await cli(['launch', '--gpu', 'A100', '--yes', '--no-wait'], { answers: answers() })

    expect(err).toEqual([
      'warning: no SSH key goes along: there is no /home/me/.ssh/id_ed25519.pub. --ssh-key FILE sends another',
    ])
  })
})

describe('a launch that does not come up', () => {
  test('is said with its reason and what it cost', async () => {
    const ran = await launch(['--yes'], {
      answers: answers({
        'GET /api/v1/events': streamOf([
          asked,
          statusEvent('failed', 'no_offer_left', 'no offer is left that fits the request: all 3 were tried', 7),
        ]),
        [`GET /api/v1/instances/${anId}`]: anInstance({
          status: 'failed',
          cost_per_hour_usd: '0',
          cost_so_far_usd: '0.0012',
        }),
      }),
    })

    expect(ran.exitCode).toBe(3)
    expect(ran.out.slice(-3)).toEqual([
      '  0:07  failed: no offer is left that fits the request: all 3 were tried',
      '',
      'The launch failed. It cost at most $0.0012; nothing of it is billed now.',
    ])
  })

  test('is left to itself after --timeout', async () => {
    const ran = await launch(['--yes', '--timeout', '0s'], {
      answers: answers({ 'GET /api/v1/events': streamOf([asked]) }),
    })

    expect(ran.exitCode).toBe(1)
    expect(ran.err).toEqual([
      'Not ready after 0 s; no longer waiting.',
      `${anId} (vllm) goes on without you.`,
      `  look at it:  gpufleet show ${anId}`,
      `  end it:      gpufleet terminate ${anId}`,
    ])
  })

  test('goes on after Ctrl-C, and that is said', async () => {
    const interrupt = new AbortController()
    const events = streamOf([asked, attempt(1, 'vast_ai', 1)])
    const ran = await launch(['--yes'], {
      answers: answers({
        'GET /api/v1/events': () => {
          setTimeout(() => interrupt.abort(), 10)
          return events()
        },
      }),
      world: { interrupted: interrupt.signal },
    })

    expect(ran.exitCode).toBe(130)
    expect(ran.err.slice(0, 2)).toEqual(['No longer following.', `${anId} (vllm) goes on without you.`])
  })
})

describe('a lost answer', () => {
  const reset = () => {
    throw new TypeError('fetch failed', { cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }) })
  }

  test('is asked for again with the same key', async () => {
    let calls = 0
    const { exitCode, requests } = await launch(['--yes', '--no-wait'], {
      answers: answers({
        'POST /api/v1/instances': () => {
          calls += 1
          return calls === 1 ? reset() : good(anInstance())
        },
      }),
    })

    const keys = requests
      .filter(({ path }) => path === '/api/v1/instances')
      .map(({ headers }) => headers['idempotency-key'])
    expect([exitCode, keys]).toEqual([0, ['key-1', 'key-1']])
  })

  test('that stays lost is not called a failure', async () => {
    const { exitCode, err } = await launch(['--yes'], { answers: answers({ 'POST /api/v1/instances': reset }) })

    expect(exitCode).toBe(6)
    expect(err.at(-2)).toBe(
      'error: no answer from http://127.0.0.1:8080: the connection was cut. It is not known whether the launch was written down',
    )
    expect(err.at(-1)).toContain('--idempotency-key key-1')
  })
})

test('what the server objects to is named by its flag', async () => {
  const mistakes = [{ field: 'health.port', problem: '8000 is not among ports, so nobody could reach it' }]
  const { exitCode, err } = await launch(['--yes', '--health-port', '8000'], {
    answers: { 'POST /api/v1/instances/plan': () => problem('invalid_request', 'not valid', 400, { mistakes }) },
  })

  expect(exitCode).toBe(2)
  expect(err).toEqual([
    'error: --health-port: 8000 is not among ports, so nobody could reach it',
    'fix:   correct what is named; --help shows what each option takes',
  ])
})
