import { describe, expect, test } from 'vitest'
import { type TurnableClock, turnableClock } from '../kit/clock.ts'
import { controlled } from '../kit/controlled.ts'
import type { SimReply } from '../kit/simulator.ts'
import { createLambda } from './lambda.ts'

const start = Date.UTC(2026, 7, 9, 12, 0, 0)
const smooth = {
  refusedLaunchShare: 0,
  bootTerminatedShare: 0,
  bootUnhealthyShare: 0,
  bootStuckShare: 0,
  noGpuShare: 0,
  bootBlipShare: 0,
  earlyIpShare: 0,
}

// biome-ignore lint/suspicious/noExplicitAny: bodies are looked into by name
type Body = any

interface Answer {
  status: number
  body: Body
  reply: SimReply
}

function aWorld(options: { seed?: number; restored?: unknown; clock?: TurnableClock; speed?: number } = {}) {
  const clock = options.clock ?? turnableClock(start, options.speed === undefined ? {} : { speed: options.speed })
  const { seed = 7, restored } = options
  const lambda = createLambda({ clock, seed, ...(restored === undefined ? {} : { restored }) })
  const simulator = controlled(lambda, clock)

  function raw(method: string, path: string, body?: unknown, headers: Record<string, string> = bearer): Answer {
    const [pathname = '', query = ''] = path.split('?')
    const reply = simulator.handle({
      method,
      path: pathname.startsWith('/_') ? pathname : `/api/v1${pathname}`,
      query: new URLSearchParams(query),
      headers,
      body: body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body),
    })
    const isJson = reply.headers['content-type'] === 'application/json' && reply.body !== ''
    return { status: reply.status, body: isJson ? JSON.parse(reply.body) : reply.body, reply }
  }

  /** Keeps to the rate limits. */
  function ask(method: string, path: string, body?: unknown): Answer {
    clock.advance(path === launchPath ? 12_000 : 1_000)
    return raw(method, path, body)
  }

  return { clock, lambda, simulator, raw, ask, control: lambda.controls }
}

type World = ReturnType<typeof aWorld>

const bearer = { authorization: 'Bearer sim-lambda' }
const launchPath = '/instance-operations/launch'
const wish = {
  region_name: 'us-east-1',
  instance_type_name: 'gpu_1x_a10',
  ssh_key_names: ['fleet-3fb1'],
  name: 'fleet-7c0d-n1',
  hostname: 'fleet-n1',
  image: { family: 'lambda-stack-24-04' },
  tags: [{ key: 'fleet-run', value: '7c0d' }],
  user_data: '#cloud-config\n',
}

function aSmoothWorld(options: Parameters<typeof aWorld>[0] = {}): World {
  const world = aWorld(options)
  world.control.special('settings', smooth)
  world.control.special('capacity', { type: 'gpu_1x_a10', region: 'us-east-1' })
  world.control.pace({ loadingMs: 240_000, startingMs: 90_000, terminatingMs: 60_000 })
  world.ask('POST', '/ssh-keys', { name: 'fleet-3fb1', public_key: 'ssh-ed25519 AAAAC3Nza fleet' })
  return world
}

const launched = (world: World, extra: object = {}): string =>
  world.ask('POST', launchPath, { ...wish, ...extra }).body.data.instance_ids[0]

function anActiveInstance(world: World): string {
  const id = launched(world)
  world.clock.advance(240_000)
  return id
}

const code = (answer: Answer): string => answer.body.error.code
const statusOf = (world: World, id: string) => world.ask('GET', `/instances/${id}`).body.data?.status

describe('a life from launch to 404', () => {
  test('boots without an ip, becomes active with one, terminates, is forgotten, and is billed by begun minutes', () => {
    const world = aSmoothWorld()
    const id = launched(world)
    const launchedAt = world.clock.now()
    expect(id).toMatch(/^[0-9a-f]{32}$/)

    const booting = world.ask('GET', `/instances/${id}`).body.data
    expect(booting.status).toBe('booting')
    expect(booting).not.toHaveProperty('ip')
    expect(booting).not.toHaveProperty('jupyter_url')
    expect(world.lambda.bill()).toMatchObject({ lines: [], total: '0' })

    world.clock.advance(launchedAt + 240_000 - world.clock.now())
    const active = world.ask('GET', '/instances').body.data[0]
    expect(active).toMatchObject({ id, status: 'active', actions: { terminate: { available: true } } })
    expect(active.ip).toMatch(/^198\.1[89]\./)
    expect(active.jupyter_url).toContain(active.jupyter_token)

    // 10 minutes and 1 ms after `active`: the eleventh minute has begun.
    world.clock.advance(launchedAt + 240_000 + 600_001 - 1_000 - world.clock.now())
    const ended = world.ask('POST', '/instance-operations/terminate', { instance_ids: [id] })
    expect(ended.status).toBe(200)
    expect(ended.body.data.terminated_instances[0]).toMatchObject({
      id,
      status: 'terminating',
      actions: { terminate: { available: false, reason_code: 'vm-is-terminating' } },
    })
    const line = {
      machineId: id,
      label: 'fleet-7c0d-n1',
      kind: 'gpu',
      startedAt: launchedAt + 240_000,
      endedAt: launchedAt + 240_000 + 600_001,
      ratePerHour: '750000000',
      amount: '137500000', // 0.75 $/h for 11 minutes
    }
    expect(world.lambda.bill()).toMatchObject({ lines: [line], total: '137500000' })

    expect(statusOf(world, id)).toBe('terminating')
    expect(world.ask('GET', '/instances').body.data).toHaveLength(1)
    world.clock.advance(60_000)
    expect(statusOf(world, id)).toBe('terminated')
    expect(world.ask('GET', '/instances').body.data).toEqual([])
    world.clock.advance(5 * 60_000)
    const gone = world.ask('GET', `/instances/${id}`)
    expect(gone.status).toBe(404)
    expect(gone.body).toEqual({
      error: { code: 'global/object-does-not-exist', message: 'Specified instance does not exist.' },
    })
    expect(world.lambda.bill().total).toBe('137500000')
    expect(world.lambda.machines()).toEqual([{ id, label: 'fleet-7c0d-n1', state: 'gone', billing: false }])
  })

  test('starts the meter when the instance becomes active, even if nobody looks for a day', () => {
    const world = aSmoothWorld()
    launched(world)
    const activeAt = world.clock.now() + 240_000
    world.clock.advance(86_400_000)
    expect(world.lambda.bill().lines[0]).toMatchObject({ startedAt: activeAt, endedAt: null })
  })

  test('never bills an instance that is terminated while booting', () => {
    const world = aSmoothWorld()
    const id = launched(world)
    world.ask('POST', '/instance-operations/terminate', { instance_ids: [id] })
    world.clock.advance(600_000)
    expect(world.lambda.bill().lines).toEqual([])
  })

  test('answers a second terminate: 200 while terminating, then 404 or, if so set, 200 again', () => {
    const world = aSmoothWorld()
    const id = anActiveInstance(world)
    const terminate = () => world.ask('POST', '/instance-operations/terminate', { instance_ids: [id] })
    terminate()
    const { total } = world.lambda.bill()
    expect(terminate().status).toBe(200)
    world.clock.advance(60_000)
    expect(terminate().status).toBe(404)
    world.control.special('settings', { repeatTerminate: 'again' })
    expect(terminate().body.data.terminated_instances[0].status).toBe('terminated')
    expect(world.lambda.bill().total).toBe(total)
  })

  test('terminates none when one id is unknown', () => {
    const world = aSmoothWorld()
    const id = anActiveInstance(world)
    const answer = world.ask('POST', '/instance-operations/terminate', { instance_ids: [id, 'f'.repeat(32)] })
    expect([answer.status, code(answer)]).toEqual([404, 'global/object-does-not-exist'])
    expect(statusOf(world, id)).toBe('active')
  })

  test('renames, and the bill follows', () => {
    const world = aSmoothWorld()
    const id = anActiveInstance(world)
    expect(world.ask('POST', `/instances/${id}`, { name: 'other' }).body.data.name).toBe('other')
    expect(world.lambda.bill().lines[0]?.label).toBe('other')
    expect(world.ask('POST', `/instances/${id}`, { name: 'x'.repeat(65) }).status).toBe(400)
  })

  test('boots single GPUs in 165 to 478 s, several in 10 to 15 minutes and 8x H100 in about 20', () => {
    const bootMs = (type: string, region: string, seed: number) => {
      const world = aWorld({ seed })
      world.control.special('settings', smooth)
      world.control.special('capacity', { type, region })
      world.ask('POST', '/ssh-keys', { name: 'k', public_key: 'ssh-ed25519 A' })
      world.ask('POST', launchPath, { region_name: region, instance_type_name: type, ssh_key_names: ['k'] })
      const at = world.clock.now()
      world.clock.advance(3_600_000)
      return (world.lambda.bill().lines[0]?.startedAt ?? 0) - at
    }
    for (let seed = 0; seed < 20; seed += 1) {
      expect(bootMs('gpu_1x_a10', 'us-east-1', seed)).toSatisfy((ms: number) => ms >= 165_000 && ms <= 478_000)
      expect(bootMs('gpu_2x_h100_sxm5', 'us-south-2', seed)).toSatisfy((ms: number) => ms >= 600_000 && ms <= 900_000)
      expect(bootMs('gpu_8x_h100_sxm5', 'us-south-2', seed)).toSatisfy(
        (ms: number) => ms >= 1_080_000 && ms <= 1_500_000,
      )
    }
  })

  test('boots faster at a higher speed while the meter keeps to wall time', () => {
    const world = aWorld({ speed: 60 })
    world.control.special('settings', smooth)
    world.control.special('capacity', { type: 'gpu_1x_a10', region: 'us-east-1' })
    world.ask('POST', '/ssh-keys', { name: 'fleet-3fb1', public_key: 'ssh-ed25519 A' })
    const id = launched(world)
    world.clock.advance(10_000)
    expect(statusOf(world, id)).toBe('active')
    const line = world.lambda.bill().lines[0]
    world.clock.advance((line?.startedAt ?? 0) + 3_600_000 - world.clock.now())
    expect(world.lambda.bill().total).toBe('750000000')
  })
})

describe('who may ask', () => {
  const get = (headers: Record<string, string>) => aWorld().raw('GET', '/instances', undefined, headers)
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })

  test('takes Bearer, Basic with the key as user name, and Basic with the bare key', () => {
    expect(get(bearer).status).toBe(200)
    expect(get(basic('sim-lambda:')).status).toBe(200)
    expect(get({ authorization: 'Basic sim-lambda' }).status).toBe(200)
  })

  test('refuses every other way with one code', () => {
    for (const headers of [
      {},
      { authorization: 'Bearer no' },
      { authorization: 'sim-lambda' },
      basic('sim-lambda:x'),
    ]) {
      const answer = get(headers as Record<string, string>)
      expect(answer.status).toBe(401)
      expect(answer.body).toEqual({
        error: {
          code: 'global/invalid-api-key',
          message: 'API key was invalid, expired, or deleted.',
          suggestion: 'Check your API key or create a new one, then try again.',
        },
      })
    }
  })

  test('tells a revoked key, an inactive account, a forbidden list and a bad address apart', () => {
    const world = aSmoothWorld()
    const refusal = (settings: object, method = 'GET', path = '/instances', body?: unknown) => {
      world.control.special('settings', { ...settings })
      const answer = world.ask(method, path, body)
      return [answer.status, code(answer)]
    }
    expect(refusal({ keyRevoked: true })).toEqual([401, 'global/invalid-api-key'])
    expect(refusal({ keyRevoked: false, accountInactive: true })).toEqual([403, 'global/account-inactive'])
    expect(refusal({ accountInactive: false, instancesForbidden: true })).toEqual([403, 'global/forbidden'])
    expect(refusal({ addressInvalid: true }, 'POST', launchPath, wish)).toEqual([403, 'global/invalid-address'])
  })

  test('answers 404 global/not-found for unknown paths, trailing slashes and other methods', () => {
    const world = aWorld()
    for (const [method, path] of [
      ['GET', '/nothing'],
      ['GET', '/instances/'],
      ['DELETE', '/instances'],
      ['GET', '/filesystems'],
    ] as const) {
      const answer = world.ask(method, path)
      expect([answer.status, code(answer)]).toEqual([404, 'global/not-found'])
    }
  })

  test('lets Cloudflare refuse library agents and abusive callers without JSON', () => {
    const world = aWorld()
    const refused = world.raw('GET', '/instances', undefined, { ...bearer, 'user-agent': 'Python-urllib/3.12' })
    expect(refused.reply).toMatchObject({ status: 403, body: 'error code: 1010' })
    expect(refused.reply.headers['content-type']).toBe('text/plain')
    world.control.special('cloudflare', { kind: '1015' })
    const banned = world.ask('GET', '/instances')
    expect(banned.status).toBe(429)
    expect(banned.body).toContain('banned you temporarily')
    expect(world.ask('GET', '/instances').status).toBe(200)
  })
})

describe('rate limits', () => {
  test('one request a second, and a refused one does not push the next back', () => {
    const world = aWorld()
    expect(world.raw('GET', '/instances').status).toBe(200)
    world.clock.advance(999)
    const limited = world.raw('GET', '/instances')
    expect(limited.status).toBe(429)
    expect(limited.reply.headers['content-type']).toContain('text/html')
    expect(limited.reply.headers).not.toHaveProperty('retry-after')
    world.clock.advance(1)
    expect(world.raw('GET', '/instances').status).toBe(200)
  })

  test('one launch per 12 seconds, refused launches counted, speed or not', () => {
    const world = aWorld({ speed: 100 })
    expect(world.raw('POST', launchPath, {}).status).toBe(400)
    world.clock.advance(11_999)
    expect(world.raw('POST', launchPath, {}).status).toBe(429)
    expect(world.raw('GET', '/instances').status).toBe(200)
    world.clock.advance(1_001)
    expect(world.raw('POST', launchPath, {}).status).toBe(400)
  })

  test('can speak JSON and name a time', () => {
    const world = aWorld()
    world.control.special('settings', { rateLimitBody: 'json', rateLimitRetryAfter: 2 })
    world.raw('GET', '/instances')
    const limited = world.raw('GET', '/instances')
    expect(limited.body.error.code).toBe('global/too-many-requests')
    expect(limited.reply.headers['retry-after']).toBe('2')
  })
})

describe('launch refuses', () => {
  const refusals: [string, object, number, string][] = [
    ['no key', { ssh_key_names: [] }, 400, 'global/invalid-parameters'],
    ['two keys', { ssh_key_names: ['fleet-3fb1', 'other'] }, 400, 'global/invalid-parameters'],
    ['an unknown key', { ssh_key_names: ['nobody'] }, 404, 'global/object-does-not-exist'],
    ['an unknown type', { instance_type_name: 'gpu_9x' }, 404, 'global/object-does-not-exist'],
    ['an unknown region', { region_name: 'mars-1' }, 400, 'global/invalid-parameters'],
    ['an unknown image', { image: { id: 'none' } }, 404, 'global/object-does-not-exist'],
    ['an unknown family', { image: { family: 'none' } }, 404, 'global/object-does-not-exist'],
    ['an unknown filesystem', { file_system_names: ['none'] }, 404, 'global/object-does-not-exist'],
    ['an unknown ruleset', { firewall_rulesets: [{ id: 'none' }] }, 404, 'global/object-does-not-exist'],
    ['several at once', { quantity: 2 }, 400, 'global/invalid-parameters'],
    ['a long name', { name: 'n'.repeat(65) }, 400, 'global/invalid-parameters'],
    ['a bad hostname', { hostname: 'Not_Good' }, 400, 'global/invalid-parameters'],
    ['a bad tag key', { tags: [{ key: 'Bad', value: '' }] }, 400, 'global/invalid-parameters'],
    ['a reserved tag key', { tags: [{ key: 'lambda-ai-x', value: '' }] }, 400, 'global/invalid-parameters'],
    ['a long tag value', { tags: [{ key: 'ok', value: 'v'.repeat(129) }] }, 400, 'global/invalid-parameters'],
    ['too much user data', { user_data: 'x'.repeat(1_000_001) }, 400, 'global/invalid-parameters'],
    [
      'a region without such machines',
      { region_name: 'me-west-1' },
      400,
      'instance-operations/launch/insufficient-capacity',
    ],
  ]
  test.each(refusals)('%s', (_what, extra, status, expected) => {
    const world = aSmoothWorld()
    const answer = world.ask('POST', launchPath, { ...wish, ...extra })
    expect([answer.status, code(answer)]).toEqual([status, expected])
    expect(world.lambda.machines()).toEqual([])
  })

  test('names the region that does not exist', () => {
    const answer = aSmoothWorld().ask('POST', launchPath, { ...wish, region_name: 'mars-1' })
    expect(answer.body.error.message).toBe('Region mars-1 does not exist')
  })

  test('bodies that are not JSON, and tolerates a quantity of one', () => {
    const world = aSmoothWorld()
    expect(code(world.ask('POST', launchPath, '{'))).toBe('global/invalid-parameters')
    expect(world.ask('POST', launchPath, { ...wish, quantity: 1 }).status).toBe(200)
  })

  test('what the quota forbids, and missing things with 400 if so set', () => {
    const world = aSmoothWorld()
    world.control.special('settings', { instanceQuota: 1, launchMissingStatus: 400 })
    expect(world.ask('POST', launchPath, { ...wish, instance_type_name: 'gpu_9x' }).status).toBe(400)
    launched(world)
    const answer = world.ask('POST', launchPath, wish)
    expect([answer.status, code(answer)]).toEqual([400, 'global/quota-exceeded'])
  })

  test('nothing twice: equal launches make two instances of one name', () => {
    const world = aSmoothWorld()
    expect(launched(world)).not.toBe(launched(world))
    expect(world.ask('GET', '/instances').body.data).toHaveLength(2)
  })
})

describe('capacity', () => {
  test('sells out although the list still offers', () => {
    const world = aSmoothWorld()
    world.control.sellOut({ count: 1, matching: 'A10' })
    const listed = world.ask('GET', '/instance-types').body.data.gpu_1x_a10.regions_with_capacity_available
    expect(listed).toContainEqual({ name: 'us-east-1', description: 'Virginia, USA' })
    const answer = world.ask('POST', launchPath, wish)
    expect(answer.status).toBe(400)
    expect(answer.body).toEqual({
      error: {
        code: 'instance-operations/launch/insufficient-capacity',
        message: 'Not enough capacity to fulfill launch request.',
        suggestion: 'Choose an instance type with more availability, or try again later.',
      },
    })
    expect(world.ask('POST', launchPath, wish).status).toBe(200)
  })

  test('sells out in disguise as trouble upstream', () => {
    const world = aSmoothWorld()
    world.control.sellOut({ how: 'provider' })
    const answer = world.ask('POST', launchPath, wish)
    expect([answer.status, code(answer)]).toEqual([503, 'provider/internal-unavailable'])
  })

  test('the last machine of a window closes it; the region stays listed for some seconds', () => {
    const world = aSmoothWorld()
    world.control.special('capacity', { type: 'gpu_1x_a10', region: 'us-east-1', stock: 1 })
    launched(world)
    const listed = () =>
      JSON.stringify(world.ask('GET', '/instance-types').body.data.gpu_1x_a10.regions_with_capacity_available)
    expect(listed()).toContain('us-east-1')
    world.clock.advance(20_000)
    expect(listed()).not.toContain('us-east-1')
    expect(code(world.ask('POST', launchPath, wish))).toBe('instance-operations/launch/insufficient-capacity')
  })

  test('opens and closes windows about as often as recorded', () => {
    const world = aWorld({ seed: 3 })
    let listed = 0
    const looks = 6_000
    for (let look = 0; look < looks; look += 1) {
      world.clock.advance(3_600_000)
      const { gpu_1x_gh200 } = world.raw('GET', '/instance-types').body.data
      if (gpu_1x_gh200.regions_with_capacity_available.length > 0) listed += 1
    }
    expect(listed / looks).toBeGreaterThan(0.32)
    expect(listed / looks).toBeLessThan(0.48)
  })

  test('a new market has cheap and expensive types to rent, whatever the seed', () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const types = aWorld({ seed }).raw('GET', '/instance-types').body.data
      for (const name of ['gpu_1x_a10', 'gpu_1x_a100_sxm4', 'gpu_1x_h100_sxm5', 'gpu_1x_gh200', 'gpu_8x_h100_sxm5']) {
        expect(types[name].regions_with_capacity_available.length).toBeGreaterThan(0)
      }
    }
  })

  test('a released window moves again', () => {
    const world = aSmoothWorld()
    world.control.special('capacity', { type: 'gpu_1x_a10', region: 'us-east-1', release: true })
    const seen = new Set<boolean>()
    for (let day = 0; day < 60; day += 1) {
      world.clock.advance(86_400_000)
      const { gpu_1x_a10 } = world.raw('GET', '/instance-types').body.data
      seen.add(gpu_1x_a10.regions_with_capacity_available.some((region: Body) => region.name === 'us-east-1'))
    }
    expect(seen).toEqual(new Set([true, false]))
  })
})

describe('prices', () => {
  const centsOf = (world: World, type: string) =>
    world.ask('GET', '/instance-types').body.data[type].instance_type.price_cents_per_hour

  test('are whole cents for the whole instance, from the catalogue of 2026-02-21', () => {
    const world = aWorld()
    expect(centsOf(world, 'gpu_8x_h100_sxm5')).toBe(2392)
    world.control.special('price-list', { name: '2026-08' })
    expect(centsOf(world, 'gpu_8x_h100_sxm5')).toBe(3192)
  })

  test('change for new instances and stay for old ones', () => {
    const world = aSmoothWorld()
    const old = anActiveInstance(world)
    world.control.changePrice({ factor: 2, matching: 'a10' })
    expect(centsOf(world, 'gpu_1x_a10')).toBe(150)
    const id = launched(world)
    world.clock.advance(240_000)
    expect(world.ask('GET', `/instances/${id}`).body.data.instance_type.price_cents_per_hour).toBe(150)
    expect(world.lambda.bill().lines.map((line) => [line.machineId, line.ratePerHour])).toEqual([
      [old, '750000000'],
      [id, '1500000000'],
    ])
  })

  test('can differ between list and rental', () => {
    const world = aSmoothWorld()
    world.control.changePrice({ factor: 3, listed: false })
    expect(centsOf(world, 'gpu_1x_a10')).toBe(75)
    anActiveInstance(world)
    expect(world.lambda.bill().lines[0]?.ratePerHour).toBe('2250000000')
  })
})

describe('instances that go wrong', () => {
  test.each([
    ['stuck', 'booting'],
    ['unhealthy', 'unhealthy'],
    ['terminated', 'terminated'],
  ])('a start that fails as %s is never active and never billed', (how, status) => {
    const world = aSmoothWorld()
    world.control.failStart({ how })
    const id = launched(world)
    world.clock.advance(240_000)
    expect(statusOf(world, id)).toBe(status)
    world.clock.advance(3_600_000)
    expect(world.lambda.bill().lines).toEqual([])
  })

  test('an instance can be active, reachable and billed without a GPU', () => {
    const world = aSmoothWorld()
    world.control.failStart({ how: 'no_gpu' })
    const id = anActiveInstance(world)
    world.clock.advance(60_000)
    expect(statusOf(world, id)).toBe('active')
    expect(world.control.special('guest', { machine: id })).toMatchObject({
      ssh: true,
      gpus: 0,
      user_data: '#cloud-config\n',
    })
    expect(world.lambda.bill().lines).toHaveLength(1)
  })

  test('preemption ends the meter at once, leaves the list, and is told only to who asks by id', () => {
    const world = aSmoothWorld()
    const id = anActiveInstance(world)
    world.clock.advance(90_000)
    world.control.interrupt({ machine: id })
    expect(world.lambda.bill().lines[0]).toMatchObject({ endedAt: world.clock.now(), amount: '25000000' })
    const seen = world.ask('GET', `/instances/${id}`).body.data
    expect(seen.status).toBe('preempted')
    expect(seen).not.toHaveProperty('ip')
    expect(world.ask('GET', '/instances').body.data).toEqual([])
    world.control.special('settings', { listPreempted: true })
    expect(world.ask('GET', '/instances').body.data).toHaveLength(1)
    world.clock.advance(5 * 60_000)
    expect(world.ask('GET', `/instances/${id}`).status).toBe(404)
  })

  test('an unhealthy blip is billed through, or not if so set', () => {
    const lines = (unhealthyBilled: boolean) => {
      const world = aSmoothWorld()
      world.control.special('settings', { unhealthyBilled })
      const id = anActiveInstance(world)
      world.control.special('unhealthy', { machine: id, forMs: 30_000 })
      expect(statusOf(world, id)).toBe('unhealthy')
      world.clock.advance(30_000)
      expect(statusOf(world, id)).toBe('active')
      return world.lambda.bill().lines.map((line) => line.endedAt !== null)
    }
    expect(lines(true)).toEqual([false])
    expect(lines(false)).toEqual([true, false])
  })

  test('restart passes through unhealthy; while booting, restarting or terminating it is a conflict', () => {
    const world = aSmoothWorld()
    const restart = (id: string) => world.ask('POST', '/instance-operations/restart', { instance_ids: [id] })
    const id = launched(world)
    expect([restart(id).status, code(restart(id))]).toEqual([409, 'global/conflict'])
    world.clock.advance(240_000)
    const answer = restart(id)
    expect(answer.status).toBe(200)
    expect(answer.body.data.restarted_instances[0].actions.restart.reason_code).toBe('vm-action-in-progress')
    expect(restart(id).status).toBe(409)
    world.clock.advance(15_000)
    expect(statusOf(world, id)).toBe('unhealthy')
    world.clock.advance(75_000)
    expect(statusOf(world, id)).toBe('active')
    world.ask('POST', '/instance-operations/terminate', { instance_ids: [id] })
    expect(restart(id).status).toBe(409)
    expect(restart('f'.repeat(32)).status).toBe(404)
    expect(world.lambda.bill().lines).toHaveLength(1)
  })

  test('a few percent of launches fail by themselves', () => {
    const world = aSmoothWorld()
    world.control.special('settings', { bootTerminatedShare: 0.015, bootUnhealthyShare: 0.01, bootStuckShare: 0.005 })
    for (let count = 0; count < 600; count += 1) launched(world)
    world.clock.advance(240_000)
    const up = world.lambda.machines().filter((machine) => machine.state === 'active').length
    expect(up).toBeGreaterThan(555)
    expect(up).toBeLessThan(600)
  })

  test('trouble upstream comes before or after the deed', () => {
    const world = aSmoothWorld()
    world.control.special('upstream-failure', { path: 'launch' })
    expect(code(world.ask('POST', launchPath, wish))).toBe('provider/internal-unavailable')
    expect(world.lambda.machines()).toHaveLength(0)
    world.control.special('upstream-failure', { path: 'launch', kind: 'internal', applied: true })
    const answer = world.ask('POST', launchPath, wish)
    expect([answer.status, code(answer)]).toEqual([500, 'global/internal-error'])
    expect(world.lambda.machines()).toHaveLength(1)
  })
})

describe('what a client must survive', () => {
  test('a lost reply leaves an instance that only its name and tag betray', () => {
    const world = aSmoothWorld()
    world.raw('POST', '/_control/faults', { kind: 'lose_reply', path: 'launch', times: 1 })
    expect(world.ask('POST', launchPath, wish).reply.dropped).toBe(true)
    const [found, ...others] = world.ask('GET', '/instances').body.data
    expect(others).toEqual([])
    expect(found).toMatchObject({ name: wish.name, tags: wish.tags, status: 'booting' })
  })

  test('new instances are missing from the list for the ordered time, and by id only if so set', () => {
    const world = aSmoothWorld()
    world.control.listLag({ ms: 30_000 })
    const id = launched(world)
    expect(world.ask('GET', '/instances').body.data).toEqual([])
    expect(statusOf(world, id)).toBe('booting')
    world.control.special('settings', { lagHidesGet: true })
    expect(world.ask('GET', `/instances/${id}`).status).toBe(404)
    world.clock.advance(30_000)
    expect(world.ask('GET', '/instances').body.data).toHaveLength(1)
  })

  test("a colleague's instance is in the same list and on the same bill", () => {
    const world = aSmoothWorld()
    const { machine } = world.control.foreignMachine({ label: 'notebook' })
    expect(world.ask('GET', '/instances').body.data[0]).toMatchObject({
      id: machine,
      name: 'notebook',
      status: 'active',
    })
    expect(world.lambda.machines()[0]).toMatchObject({ id: machine, billing: true })
  })

  test('controls of things Lambda lacks answer 409, unknown ones 400', () => {
    const world = aWorld()
    expect(world.raw('POST', '/_control/balance', { usd: 5 }).status).toBe(409)
    expect(world.raw('POST', '/_control/special/nothing', {}).status).toBe(400)
    expect(world.raw('POST', '/_control/special/settings', { nothing: 1 }).status).toBe(400)
    expect(world.raw('POST', '/_control/special/settings', { repeatTerminate: 'never' }).status).toBe(400)
  })
})

describe('the rest of the account', () => {
  test('SSH keys: a private key only for a generated pair and only once', () => {
    const world = aWorld()
    const generated = world.ask('POST', '/ssh-keys', { name: 'made' }).body.data
    expect(Object.keys(generated)).toEqual(['id', 'name', 'public_key', 'private_key'])
    expect(generated.private_key).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/)
    const given = world.ask('POST', '/ssh-keys', { name: 'given', public_key: 'ssh-ed25519 AAAA' }).body.data
    expect(Object.keys(given)).toEqual(['id', 'name', 'public_key'])
    expect(world.ask('GET', '/ssh-keys').body.data.map((key: object) => Object.keys(key))).toEqual([
      ['id', 'name', 'public_key'],
      ['id', 'name', 'public_key'],
    ])
    const twice = () => world.ask('POST', '/ssh-keys', { name: 'given', public_key: 'ssh-ed25519 AAAA' })
    expect([twice().status, code(twice())]).toEqual([400, 'global/invalid-parameters'])
    world.control.special('settings', { duplicateKeyNames: 'accept' })
    expect(twice().status).toBe(200)
    expect(world.ask('DELETE', `/ssh-keys/${generated.id}`).body).toEqual({ data: {} })
    expect(code(world.ask('DELETE', `/ssh-keys/${generated.id}`))).toBe('global/not-found')
    expect(world.ask('POST', '/ssh-keys', { name: '' }).status).toBe(400)
  })

  test('filesystems: region-locked, named once, not deleted while mounted', () => {
    const world = aSmoothWorld()
    const data = world.ask('POST', '/filesystems', { name: 'data', region: 'us-east-1' }).body.data
    world.ask('POST', '/filesystems', { name: 'far', region: 'us-west-1' })
    expect(code(world.ask('POST', '/filesystems', { name: 'data', region: 'us-east-1' }))).toBe('global/duplicate')
    expect(world.ask('POST', '/filesystems', { name: '1bad', region: 'us-east-1' }).status).toBe(400)
    expect(code(world.ask('POST', launchPath, { ...wish, file_system_names: ['far'] }))).toBe(
      'instance-operations/launch/file-system-in-wrong-region',
    )
    const id = launched(world, {
      file_system_names: ['data'],
      file_system_mounts: [{ mount_point: '/data/here', file_system_id: data.id }],
    })
    expect(world.ask('GET', `/instances/${id}`).body.data).toMatchObject({
      file_system_names: ['data'],
      file_system_mounts: [{ mount_point: '/data/here', file_system_id: data.id }],
    })
    expect(world.ask('GET', '/file-systems').body.data[0]).toMatchObject({ name: 'data', is_in_use: true })
    expect(code(world.ask('DELETE', `/filesystems/${data.id}`))).toBe('filesystems/filesystem-in-use')
    world.ask('POST', '/instance-operations/terminate', { instance_ids: [id] })
    world.clock.advance(60_000)
    expect(world.ask('DELETE', `/filesystems/${data.id}`).body).toEqual({ data: { deleted_ids: [data.id] } })
    expect(code(world.ask('DELETE', `/filesystems/${data.id}`))).toBe('global/object-does-not-exist')
  })

  test('firewall: rules are replaced whole, and a ruleset in use stays', () => {
    const world = aSmoothWorld()
    expect(world.ask('GET', '/firewall-rules').body.data).toHaveLength(2)
    const open = { protocol: 'tcp', port_range: [8000, 8010], source_network: '0.0.0.0/0', description: 'serve' }
    expect(world.ask('PUT', '/firewall-rules', { data: [open] }).body).toEqual({ data: [open] })
    const bad = [
      { ...open, port_range: undefined },
      { ...open, port_range: [0, 1] },
      { ...open, protocol: 'icmp' },
      { ...open, source_network: 'everywhere' },
    ]
    for (const rule of bad) expect(world.ask('PUT', '/firewall-rules', { data: [rule] }).status).toBe(400)
    const set = world.ask('POST', '/firewall-rulesets', { name: 'web', region: 'us-east-1', rules: [open] }).body.data
    expect(set).toMatchObject({ region: { name: 'us-east-1' }, instance_ids: [] })
    const id = launched(world, { firewall_rulesets: [{ id: set.id }] })
    expect(world.ask('GET', `/firewall-rulesets/${set.id}`).body.data.instance_ids).toEqual([id])
    expect(code(world.ask('DELETE', `/firewall-rulesets/${set.id}`))).toBe('firewall-rulesets/firewall-ruleset-in-use')
    expect(world.ask('PATCH', `/firewall-rulesets/${set.id}`, { name: 'api' }).body.data).toMatchObject({
      name: 'api',
      rules: [open],
    })
    expect(Object.keys(world.ask('GET', '/firewall-rulesets/global').body.data)).toEqual(['id', 'name', 'rules'])
    expect(code(world.ask('GET', '/firewall-rulesets/none'))).toBe('global/object-does-not-exist')
  })

  test('lists come whole; only audit events are paged, with the token beside the data', () => {
    const world = aSmoothWorld()
    const ids = Array.from({ length: 60 }, () => launched(world))
    expect(world.ask('GET', '/instances').body.data).toHaveLength(60)
    const first = world.ask('GET', '/audit-events?resource_type=cloud.instance').body
    expect(Object.keys(first)).toEqual(['data', 'page_token'])
    expect(first.data).toHaveLength(50)
    expect(first.data[0].additional_details).toEqual({
      instance_lrn: `lrn:cloud:instance:${ids[0]}`,
      instance_type: 'gpu_1x_a10',
      region: 'us-east-1',
    })
    const token = encodeURIComponent(first.page_token)
    const second = world.ask('GET', `/audit-events?resource_type=cloud.instance&page_token=${token}`).body
    expect([second.data.length, second.page_token]).toEqual([10, null])
    expect(world.ask('GET', '/audit-events?page_token=nonsense').status).toBe(400)
    expect(world.ask('GET', '/audit-events?start=2027-01-01T00:00:00Z').body).toEqual({ data: [], page_token: null })
  })

  test('images have one row per region, and arm64 ones where the Grace machines are', () => {
    const images: Body[] = aWorld().raw('GET', '/images').body.data
    expect(new Set(images.map((image) => image.id)).size).toBe(images.length)
    const arms = images.filter((image) => image.architecture === 'arm64').map((image) => image.region.name)
    expect(new Set(arms)).toEqual(new Set(['us-east-3']))
  })
})

describe('shapes', () => {
  /** Field names, sorted, with those of nested objects. */
  const shape = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.slice(0, 1).map(shape)
    if (typeof value !== 'object' || value === null) return typeof value
    return Object.fromEntries(
      Object.entries(value)
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([key, inner]) => [key, shape(inner)]),
    )
  }
  const aType = {
    name: 'gpu_1x_a10',
    description: '1x A10 (24 GB PCIe)',
    gpu_description: 'A10 (24 GB PCIe)',
    price_cents_per_hour: 75,
    specs: { vcpus: 30, memory_gib: 200, storage_gib: 1400, gpus: 1 },
  }
  const unavailable = {
    available: false,
    reason_code: 'vm-has-not-launched',
    reason_description: 'The VM has not launched yet.',
  }
  const every = (action: object) => ({
    migrate: action,
    rebuild: action,
    restart: action,
    cold_reboot: action,
    terminate: action,
  })

  test('an offer is what the documented example shows, and nothing more', () => {
    const data = aSmoothWorld().ask('GET', '/instance-types').body.data
    expect(data.gpu_1x_a10.instance_type).toEqual(aType)
    expect(data.gpu_4x_b200_sxm6.regions_with_capacity_available).toEqual([])
    for (const [name, item] of Object.entries<Body>(data)) {
      expect(item.instance_type.name).toBe(name)
      expect(item.instance_type.description).toMatch(/^\d+x .+ \(\d+ Gi?B.*\)$/)
      expect(shape(item.instance_type)).toEqual(shape(aType))
      expect(Number.isInteger(item.instance_type.price_cents_per_hour)).toBe(true)
    }
  })

  test('a booting instance equals the documented example', () => {
    const world = aSmoothWorld()
    const id = launched(world)
    expect(world.ask('GET', `/instances/${id}`).body).toEqual({
      data: {
        id,
        name: 'fleet-7c0d-n1',
        status: 'booting',
        ssh_key_names: ['fleet-3fb1'],
        file_system_names: [],
        region: { name: 'us-east-1', description: 'Virginia, USA' },
        instance_type: aType,
        hostname: 'fleet-n1',
        is_reserved: false,
        tags: [{ key: 'fleet-run', value: '7c0d' }],
        actions: { ...every(unavailable), terminate: { available: true } },
      },
    })
  })

  test('an active one has four fields more; without optional wishes their fields are absent', () => {
    const world = aSmoothWorld()
    const id = anActiveInstance(world)
    const { data } = world.ask('GET', `/instances/${id}`).body
    expect(Object.keys(data).sort()).toEqual(
      [
        ...['id', 'name', 'status', 'ssh_key_names', 'file_system_names', 'region', 'instance_type', 'hostname'],
        ...['is_reserved', 'tags', 'actions', 'ip', 'private_ip', 'jupyter_token', 'jupyter_url'],
      ].sort(),
    )
    expect(data.actions).toEqual(every({ available: true }))
    const { name: _name, hostname: _hostname, tags: _tags, user_data: _data, image: _image, ...bare } = wish
    const other = world.ask('POST', launchPath, bare).body.data.instance_ids[0]
    const seen = world.ask('GET', `/instances/${other}`).body.data
    for (const field of ['name', 'hostname', 'tags', 'firewall_rulesets', 'file_system_mounts', 'user_data']) {
      expect(seen).not.toHaveProperty(field)
    }
  })

  test('fields of a later revision come only on order', () => {
    const world = aSmoothWorld()
    const id = anActiveInstance(world)
    world.control.special('settings', { laterRevision: true })
    const { data } = world.ask('GET', `/instances/${id}`).body
    expect(data.instance_type.architecture).toBe('x86_64')
    expect(Date.parse(data.first_healthy)).toBe(world.lambda.bill().lines[0]?.startedAt)
  })

  test('images, filesystems and audit events have the documented fields', () => {
    const world = aSmoothWorld()
    world.ask('POST', '/filesystems', { name: 'data', region: 'us-east-1' })
    const region = { name: '', description: '' }
    expect(shape(world.ask('GET', '/images').body.data[0])).toEqual(
      shape({
        ...{ id: '', created_time: '', updated_time: '', name: '', description: '', family: '', version: '' },
        ...{ architecture: '', region },
      }),
    )
    expect(shape(world.ask('GET', '/file-systems').body.data[0])).toEqual(
      shape({
        ...{ id: '', name: '', mount_point: '', created: '', created_by: { id: '', email: '', status: '' } },
        ...{ is_in_use: false, region, bytes_used: 0 },
      }),
    )
    expect(Object.keys(world.ask('GET', '/audit-events').body.data[0])).toEqual([
      ...['service_name', 'resource_name', 'action', 'catalog_version', 'event_id', 'event_time', 'actor_lrn'],
      ...['resource_lrns', 'resource_owner_lrn', 'request_api_key_lrn', 'additional_details'],
    ])
  })
})

describe('the same again', () => {
  function story(world: World): unknown[] {
    const seen: unknown[] = [world.ask('POST', '/ssh-keys', { name: 'fleet-3fb1' }).body]
    for (let round = 0; round < 12; round += 1) {
      seen.push(world.ask('POST', launchPath, wish).body)
      world.clock.advance(200_000)
      seen.push(world.ask('GET', '/instances').body, world.ask('GET', '/instance-types').body)
    }
    return [...seen, world.lambda.bill(), world.lambda.machines()]
  }

  test('same seed and same requests give the same answers; another seed gives others', () => {
    expect(story(aWorld({ seed: 5 }))).toEqual(story(aWorld({ seed: 5 })))
    expect(story(aWorld({ seed: 5 }))).not.toEqual(story(aWorld({ seed: 6 })))
  })

  test('looking more often changes nothing', () => {
    const quiet = aWorld({ seed: 9 })
    const watched = aWorld({ seed: 9 })
    for (const world of [quiet, watched]) {
      world.ask('POST', '/ssh-keys', { name: 'fleet-3fb1' })
      for (let count = 0; count < 5; count += 1) world.ask('POST', launchPath, wish)
    }
    for (let minute = 0; minute < 600; minute += 1) {
      quiet.clock.advance(60_000)
      watched.clock.advance(60_000)
      watched.lambda.machines()
    }
    expect(quiet.lambda.bill()).toEqual(watched.lambda.bill())
    expect(quiet.raw('GET', '/instance-types').body).toEqual(watched.raw('GET', '/instance-types').body)
  })

  test('a snapshot in the middle, through JSON, continues as if nothing had happened', () => {
    const whole = aWorld({ seed: 11 })
    story(whole)
    const snapshot: unknown = JSON.parse(JSON.stringify(whole.lambda.snapshot()))
    const clock = turnableClock(whole.clock.now())
    const restored = aWorld({ seed: 999, restored: snapshot, clock })
    const rest = (world: World) =>
      Array.from({ length: 8 }, () => {
        world.clock.advance(3_600_000)
        return [world.ask('POST', launchPath, wish).body, world.ask('GET', '/instances').body, world.lambda.bill()]
      })
    expect(rest(restored)).toEqual(rest(whole))
  })
})

describe('what an account holds besides instances', () => {
  test('a filesystem bills for what is used on it, in begun hours, mounted or not', () => {
    const world = aSmoothWorld()
    const id = anActiveInstance(world)
    const { thing } = world.control.special('foreign-thing', {
      kind: 'filesystem',
      name: 'gf-abc',
      attachedTo: id,
      sizeGb: 720,
    }) as { thing: string }
    const shown = () => world.ask('GET', '/file-systems').body.data
    expect(shown()).toMatchObject([{ id: thing, name: 'gf-abc', is_in_use: true, bytes_used: 720 * 1024 ** 3 }])
    expect(world.lambda.things()).toMatchObject([{ id: thing, billing: true, attachedTo: id }])
    world.ask('POST', '/instance-operations/terminate', { instance_ids: [id] })
    world.clock.advance(60_000)
    expect(shown()).toMatchObject([{ is_in_use: false }])
    expect(world.lambda.things()).toMatchObject([{ attachedTo: null, billing: true }])

    const cost = () =>
      world.lambda
        .bill()
        .lines.filter((line) => line.machineId === thing)
        .reduce((sum, line) => sum + BigInt(line.amount), 0n)
    // 720 GiB at 0.20 $ per month of 720 hours are 0.20 $ an hour; an hour has begun.
    expect(cost()).toBe(200_000_000n)
    world.clock.advance(3_600_000)
    expect(cost()).toBe(400_000_000n)
    // The begun hour stays at the old use.
    world.control.special('filesystem-usage', { filesystem: thing, gib: 360 })
    expect(cost()).toBe(400_000_000n)
    world.clock.advance(3_600_000)
    expect(cost()).toBe(500_000_000n)
    world.ask('DELETE', `/filesystems/${thing}`)
    world.clock.advance(86_400_000)
    expect(cost()).toBe(500_000_000n)
    expect(world.lambda.things()).toEqual([])
  })

  test('an empty filesystem is there and costs nothing', () => {
    const world = aSmoothWorld()
    world.ask('POST', '/filesystems', { name: 'empty', region: 'us-east-1' })
    world.clock.advance(86_400_000)
    expect(world.lambda.things()).toMatchObject([{ kind: 'filesystem', name: 'empty', billing: false }])
    expect(world.lambda.bill().total).toBe('0')
  })

  test('an instance is preempted while it boots, unbilled', () => {
    const world = aSmoothWorld()
    const id = launched(world)
    expect(statusOf(world, id)).toBe('booting')
    world.control.interrupt({ machine: id })
    expect(statusOf(world, id)).toBe('preempted')
    world.clock.advance(3_600_000)
    expect(world.lambda.bill().total).toBe('0')
  })

  test('only audit events have pages; utilisation is nowhere', () => {
    const world = aSmoothWorld()
    for (const name of ['a', 'b', 'c']) world.ask('POST', '/filesystems', { name, region: 'us-east-1' })
    world.control.special('page-size', { n: 2 })
    const page = world.ask('GET', '/audit-events').body
    expect(page.data).toHaveLength(2)
    expect(page.page_token).not.toBeNull()
    expect(() => world.control.special('utilisation', { machine: 'x', percent: 0 })).toThrow('no utilisation')
  })
})
