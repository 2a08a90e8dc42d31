import { describe, expect, test } from 'vitest'
import { anEvent, anId, anInstance, anOffer, at, statusEvent } from './testing/builders.ts'
import { cli, good, problem, streamOf } from './testing/fake-world.ts'

const instancePath = `/api/v1/instances/${anId}`
const listOf = (...instances: ReturnType<typeof anInstance>[]) => good(instances, { next_cursor: null })

describe('offers', () => {
  const search = (data: unknown[], explanation: unknown = null) => ({
    'POST /api/v1/offers/search/advanced': () =>
      good(data, {
        matching: data.length === 0 ? 0 : 312,
        warnings: [{ provider: 'novita', kind: 'slow', message: 'Novita has not answered yet' }],
        explanation,
      }),
  })

  test('asks for what was said and shows one comparable price', async () => {
    const { exitCode, out, err, requests } = await cli(
      [
        'offers',
        '--gpu',
        'RTX 4090,A100',
        '--max-price',
        '0.5',
        '--market',
        'any',
        '--region',
        'Europe',
        '--disk',
        '50',
        '--sort',
        'price-per-performance',
        '--limit',
        '1',
      ],
      { answers: search([anOffer({ id: 'lambda_a|b' })]) },
    )

    expect(exitCode).toBe(0)
    expect(requests[0]?.body).toEqual({
      gpu_models: ['RTX 4090', 'A100'],
      max_price: '0.5',
      market: 'any',
      regions: ['Europe'],
      disk_gb: 50,
      sort_by: 'price_per_performance',
      limit: 1,
    })
    expect(out[1]).toContain('lambda_a|b  1x RTX 4090  24 GB  on_demand   $0.3134')
    expect(out.slice(-2)).toEqual([
      '1 of 312 offers. Prices are for the GPUs and 50 GB of disk.',
      "Rent one with: gpufleet launch --offer 'lambda_a|b' --disk 50",
    ])
    expect(err).toEqual(['warning: Novita has not answered yet'])
  })

  test('says which wish emptied the result', async () => {
    const sentence = 'min_vram_gb removed 9 of 9 offers; the most is 24 GB per GPU'
    const { exitCode, out } = await cli(['offers'], { answers: search([], { sentence }) })

    expect([exitCode, out]).toEqual([0, ['Nothing fits: --min-vram removed 9 of 9 offers; the most is 24 GB per GPU.']])
  })
})

describe('list', () => {
  test('shows what lives and what it costs in all', async () => {
    const { out, requests } = await cli(['list'], {
      answers: {
        'GET /api/v1/instances': () => listOf(anInstance({ label: 'vllm' }), anInstance({ cost_per_hour_usd: '0.1' })),
      },
    })

    expect(requests[0]?.query.get('status')).toBe('active')
    expect(out).toEqual([
      'ID                     LABEL  STATUS   FOR  GPU          PROVIDER  REGION       BILLED NOW   SO FAR   LAUNCHED',
      `${anId}  vllm   ready   10 s  1x RTX 4090  vast_ai   europe-west   $0.3134/h  $0.0078  1 min ago`,
      `${anId}  -      ready   10 s  1x RTX 4090  vast_ai   europe-west   $0.1000/h  $0.0078  1 min ago`,
      '',
      '2 instances, $0.4134/h in all',
    ])
  })

  test('an empty list says where the others are', async () => {
    const { out } = await cli(['list'], { answers: { 'GET /api/v1/instances': () => listOf() } })

    expect(out).toEqual(['You have no instances now. `gpufleet list --all` shows those that have ended.'])
  })

  test('--json is the API’s data', async () => {
    const { out } = await cli(['list', '--json'], { answers: { 'GET /api/v1/instances': () => listOf(anInstance()) } })

    expect(JSON.parse(out.join('\n'))).toEqual([anInstance()])
  })
})

test('show tells status, price and access', async () => {
  const { out } = await cli(['show', anId], { answers: { [`GET ${instancePath}`]: anInstance() } })

  expect(out).toContain('status          ready for 10 s')
  expect(out).toContain('price           $0.3134/h (at most $0.5000/h)')
  expect(out).toContain('ssh             ssh -p 41022 root@198.51.100.7')
})

describe('ssh', () => {
  const answers = { [`GET ${instancePath}`]: anInstance() }

  test('runs the system’s ssh with what comes after --', async () => {
    const { ran } = await cli(['ssh', anId, '--', '-L', '8000:localhost:8000', 'nvidia-smi'], { answers })

    expect(ran).toEqual([['ssh', '-p', '41022', 'root@198.51.100.7', '-L', '8000:localhost:8000', 'nvidia-smi']])
  })

  test('passes the exit code of ssh on', async () => {
    const { exitCode } = await cli(['ssh', anId], { answers, world: { run: async () => 255 } })

    expect(exitCode).toBe(255)
  })

  test('--print only prints it', async () => {
    const { out, ran } = await cli(['ssh', anId, '--print', '--', 'echo a b'], { answers })

    expect([out, ran]).toEqual([["ssh -p 41022 root@198.51.100.7 'echo a b'"], []])
  })

  test('does not take an option for a host', async () => {
    const ssh = { host: '-oProxyCommand=evil', port: 22, user: 'root', command: '' }
    const { exitCode, ran } = await cli(['ssh', anId], { answers: { [`GET ${instancePath}`]: anInstance({ ssh }) } })

    expect([exitCode, ran]).toEqual([1, []])
  })

  test('says what to do while there is no way in', async () => {
    const starting = anInstance({ ssh: null, status: 'starting', because_text: 'the marketplace accepted the launch' })
    const { exitCode, err } = await cli(['ssh', anId], { answers: { [`GET ${instancePath}`]: starting } })

    expect(exitCode).toBe(5)
    expect(err).toEqual([
      `error: nobody can log in to ${anId} now: it is starting (the marketplace accepted the launch)`,
      `fix:   wait until it is ready; \`gpufleet events ${anId} --follow\` shows when`,
    ])
  })
})

describe('terminate', () => {
  const earlier = anEvent({ message: 'old news' })
  const answers = (last: ReturnType<typeof anInstance>, seen: URLSearchParams[] = []) => {
    let looks = 0
    const confirmed = streamOf([
      statusEvent('terminating', 'asked', 'terminate was asked for'),
      anEvent({ at: at(40), kind: 'alarm', message: 'vast has not confirmed the end; it may still be billed' }),
      statusEvent('terminated', 'asked', 'the caller asked for it', 55),
    ])
    return {
      [`GET ${instancePath}`]: () => (looks++ === 0 ? anInstance() : last),
      [`GET ${instancePath}/events`]: [earlier],
      [`DELETE ${instancePath}`]: anInstance({ status: 'terminating' }),
      'GET /api/v1/events': ({ query }: { query: URLSearchParams }) => {
        seen.push(query)
        return confirmed()
      },
    }
  }
  const gone = anInstance({ status: 'terminated', cost_per_hour_usd: '0', cost_so_far_usd: '0.0123' })

  test('waits until the marketplace has confirmed it', async () => {
    const seen: URLSearchParams[] = []
    const { exitCode, out } = await cli(['terminate', anId], { answers: answers(gone, seen) })

    expect(exitCode).toBe(0)
    expect(seen[0]?.get('after')).toBe(String(earlier.id))
    expect(out).toEqual([
      `Ending ${anId}. It may be billed until the marketplace confirms.`,
      '  0:00  terminating: terminate was asked for',
      '  0:40  vast has not confirmed the end; it may still be billed',
      '  0:55  terminated: the caller asked for it',
      `${anId} has ended. It cost at most $0.0123; nothing of it is billed any more.`,
    ])
  })

  test('--no-wait returns at once', async () => {
    const seen: URLSearchParams[] = []
    const { exitCode } = await cli(['terminate', anId, '--no-wait'], { answers: answers(gone, seen) })

    expect([exitCode, seen]).toEqual([0, []])
  })

  test('--force does not wait for its checkpoint', async () => {
    const { requests } = await cli(['terminate', anId, '--force', '--no-wait'], { answers: answers(gone) })
    const plain = await cli(['terminate', anId, '--no-wait'], { answers: answers(gone) })
    const forced = (of: typeof requests) => of.find(({ method }) => method === 'DELETE')?.query.get('force')

    expect([forced(requests), forced(plain.requests)]).toEqual(['true', null])
  })

  test('is not content while something is still billed', async () => {
    const { exitCode, out } = await cli(['terminate', anId], {
      answers: answers(anInstance({ status: 'failed', cost_per_hour_usd: '0.3' })),
    })

    expect(exitCode).toBe(1)
    expect(out.at(-2)).toBe(`${anId} has ended, but a machine of it is still billed, $0.3000/h.`)
  })
})

test('costs adds up exactly what all of them cost', async () => {
  const { out } = await cli(['costs'], {
    answers: {
      'GET /api/v1/instances': () =>
        listOf(anInstance({ cost_so_far_usd: '0.1' }), anInstance({ cost_so_far_usd: '0.2' })),
    },
  })

  expect(out.at(-1)).toMatch(/in all +\$0\.6268 +\$0\.3000$/)
})

test('events without an instance follow all of them until Ctrl-C', async () => {
  const interrupt = new AbortController()
  const { exitCode, out } = await cli(['events', '--json'], {
    answers: {
      'GET /api/v1/events': () => {
        setTimeout(() => interrupt.abort(), 10)
        return streamOf([anEvent({ message: 'hello' })])()
      },
    },
    world: { interrupted: interrupt.signal },
  })

  expect(exitCode).toBe(130)
  expect(out.map((line) => JSON.parse(line).message)).toEqual(['hello'])
})

describe('an error says what to do, and its exit code is documented', () => {
  test.each([
    ['unauthorized', 401, 7],
    ['not_found', 404, 4],
    ['not_allowed_now', 409, 5],
    ['not_possible_here', 400, 5],
    ['no_offer', 409, 3],
    ['budget_spent', 409, 3],
    ['unknown_gpu', 400, 2],
    ['internal', 500, 1],
    ['a_code_of_tomorrow', 418, 1],
  ])('%s', async (code, status, exitCode) => {
    const answers = { 'GET /api/v1/instances': () => problem(code, 'it went wrong', status) }
    const ran = await cli(['list'], { answers })

    expect(ran.exitCode).toBe(exitCode)
    expect(ran.err[0]).toBe('error: it went wrong')
    expect(ran.err[1]).toMatch(/^fix: {3}./)
  })

  test('--json makes it one line of JSON', async () => {
    const answers = { 'GET /api/v1/instances': () => problem('not_found', 'gone', 404) }
    const { err } = await cli(['list', '--json'], { answers })

    expect(JSON.parse(err.join('\n'))).toEqual({
      error: 'gone',
      code: 'not_found',
      fix: 'do something about not_found',
      exit_code: 4,
    })
  })

  test('a server that is not there', async () => {
    const fetch = async () => {
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }) })
    }
    const { exitCode, err } = await cli(['list', '--url', 'http://10.0.0.1:8080'], { world: { fetch } })

    expect(exitCode).toBe(6)
    expect(err).toEqual([
      'error: no answer from http://10.0.0.1:8080: nothing listens there',
      'fix:   start the server with `npm start`, or say where it is with --url or GPUFLEET_URL',
    ])
  })

  test.each([
    [['list', '--frobnicate'], "error: unknown option '--frobnicate'"],
    [
      ['offers', '--max-price', 'cheap'],
      "error: option '--max-price <usd>' argument 'cheap' is invalid. Say dollars per hour, such as 0.50.",
    ],
    [['list', '--url', 'nowhere'], 'error: nowhere is no address of a server'],
  ])('wrong usage: %j', async (args, message) => {
    const { exitCode, err } = await cli(args)

    expect([exitCode, err[0]]).toEqual([2, message])
  })

  test('--help lists every exit code', async () => {
    const { exitCode, out } = await cli(['--help'])

    expect(exitCode).toBe(0)
    for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 130])
      expect(out.join('\n')).toMatch(new RegExp(`^ {2}${code} +\\w`, 'm'))
  })
})

describe('the key', () => {
  const answers = { 'GET /api/v1/instances': () => listOf() }

  test('comes from the environment and is never printed', async () => {
    const { out, err, requests } = await cli(['list'], {
      answers: { 'GET /api/v1/instances': () => problem('unauthorized', 'this API key is not valid', 401) },
      world: { env: { CONTROL_API_KEY: 'other', GPUFLEET_API_KEY: 's3cret' } },
    })

    expect(requests[0]?.headers.authorization).toBe('Bearer s3cret')
    expect([...out, ...err].join('\n')).not.toContain('s3cret')
  })

  test('is not sent through the open without a warning', async () => {
    const world = { env: { GPUFLEET_API_KEY: 's3cret' } }
    const far = await cli(['list', '--url', 'http://fleet.example:8080'], { answers, world })
    const near = await cli(['list', '--url', 'http://localhost:8080'], { answers, world })
    const safe = await cli(['list', '--url', 'https://fleet.example'], { answers, world })

    expect([far.err, near.err, safe.err]).toEqual([
      ['warning: the API key travels unencrypted to fleet.example:8080; use https, or an SSH tunnel'],
      [],
      [],
    ])
  })
})

test('a market that is not real is named', async () => {
  const { err } = await cli(['list'], {
    answers: {
      'GET /api/v1/instances': () => {
        const response = listOf()
        response.headers.set('x-market', 'simulated')
        return response
      },
    },
  })

  expect(err).toEqual(['[simulated market: no real machines, no real money]'])
})
