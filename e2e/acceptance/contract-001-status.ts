import { type Check, kept } from './check.ts'
import { bench, controlKey, minute, rentByHand } from './contract-001-machine.ts'
import { expectSame, expectThat } from './lab.ts'

const fields = [
  'instance_id',
  'status',
  'gpu_name',
  'dph_total',
  'endpoint_base_url',
  'last_activity',
  'auto_shutdown_in_minutes',
  'total_runtime_hours',
  'total_cost_usd',
  'message',
]

export const statusChecks: readonly Check[] = [
  kept(['S001-05', 'S001-06', 'S001-07', 'S001-09'], async (lab) => {
    const one = await bench(lab)
    const { body: before } = await one.call('GET', '/infra/vast/status')
    expectSame(before.last_activity, null, 'last_activity before any')
    await one.call('POST', '/infra/vast/activity')
    const { status, body } = await one.call('GET', '/infra/vast/status')
    expectSame([status, Object.keys(body)], [200, fields], 'the answer')
    const { public_ipaddr, ports, dph_total, gpu_name } = one.shown()
    const mapped = ports?.['8001/tcp']?.[0]?.HostPort
    expectSame(body.endpoint_base_url, `http://${public_ipaddr}:${mapped}`, 'endpoint_base_url')
    expectSame(
      [body.instance_id, body.status, body.gpu_name, body.message],
      [one.id, 'running', gpu_name, null],
      'what it is',
    )
    expectThat(Math.abs(body.dph_total - dph_total) < 1e-9, `dph_total ${body.dph_total} is not ${dph_total}`)
    expectThat(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(body.last_activity), `last_activity ${body.last_activity}`)
    expectThat(Number.isInteger(body.auto_shutdown_in_minutes), `minutes ${body.auto_shutdown_in_minutes}`)
    for (const name of ['total_runtime_hours', 'total_cost_usd']) {
      expectThat(typeof body[name] === 'number', `${name} is ${body[name]}`)
    }
    return `ten fields; running, ${gpu_name}, dph_total as at Vast.ai, ${body.endpoint_base_url} is what port 8001 is mapped to, message null`
  }),

  kept(['S001-08', 'S001-31', 'S001-32', 'S001-55'], async (lab) => {
    const one = await bench(lab)
    const left = async () => (await one.call('GET', '/infra/vast/status')).body.auto_shutdown_in_minutes
    const begin = await left()
    expectSame(begin, 30, 'auto_shutdown_in_minutes at the start')
    await one.call('POST', '/infra/vast/activity')
    await one.world.pass(5 * minute)
    expectSame(await left(), 25, 'auto_shutdown_in_minutes after 5 idle minutes')
    const { status, body } = await one.call('POST', '/infra/vast/activity')
    const now = new Date(one.world.clock.now()).toISOString().replace(/\.\d+Z/, 'Z')
    expectSame([status, body], [200, { status: 'recorded', last_activity: now }], 'the answer to activity')
    expectSame((await one.call('GET', '/infra/vast/status')).body.last_activity, now, 'last_activity')
    expectSame(await left(), 30, 'auto_shutdown_in_minutes after activity')
    return `unset: starts at 30; 25 after 5 idle minutes; POST /activity answers recorded, ${now}; then 30 again`
  }),

  kept(['S001-10', 'S001-11'], async (lab) => {
    const one = await bench(lab)
    await one.call('POST', '/infra/vast/power/off', {})
    const { body: stopped } = await one.call('GET', '/infra/vast/status')
    expectSame([stopped.status, stopped.message], ['stopped', null], 'after power/off')
    await one.call('POST', '/infra/vast/power/on')
    one.world.order('vast', 'special/exit', { machine: one.id })
    const exited = await one.untilWord('exited', 2 * minute)
    expectThat(one.shown().actual_status === 'exited', 'the marketplace shows something else')
    const again = await one.call('POST', '/infra/vast/power/on')
    expectSame([again.status, again.body.status], [200, 'running'], 'power/on of one that exited')
    expectSame(one.shown().actual_status, 'running', 'what the marketplace shows then')
    return `stopped after power/off; exited when its container ended ("${exited.message}"), and power/on brings it back`
  }),

  kept(['S001-12', 'S001-14'], async (lab) => {
    const one = await bench(lab, { loadingMs: 90_000, awaited: false })
    const words: string[] = []
    for (let tries = 0; tries < 120 && words.at(-1) !== 'running'; tries += 1) {
      const { status, body } = await one.call('GET', '/infra/vast/status')
      expectSame(status, 200, 'the status')
      if (body.status !== words.at(-1)) words.push(body.status)
      await one.world.pass(1_000)
    }
    expectSame(words, ['creating', 'loading', 'running'], 'the words while a new machine comes up')
    return `a machine rented a moment ago is ${words.join(', then ')}`
  }),

  kept(['S001-13', 'S001-75'], async (lab) => {
    const one = await bench(lab, { settings: { VAST_WAIT_TIMEOUT_S: '120' } })
    await one.call('POST', '/infra/vast/power/off', {})
    one.world.order('vast', 'special/gpus-taken', { machine: one.id })
    const start = await one.call('POST', '/infra/vast/power/on')
    expectThat(start.status === 504, `power/on of a machine without a GPU answers ${start.status}`)
    const { body } = await one.call('GET', '/infra/vast/status')
    expectSame(body.status, 'scheduling', 'the status of a machine without a GPU')
    expectThat(body.message?.includes('choose another GPU'), `its message is ${body.message}`)
    return `its GPU let to somebody else: scheduling, "${body.message}"; power/on: 504 ${start.body.detail.slice(0, 40)}…`
  }),

  kept('S001-15', async (lab) => {
    const settings = { VAST_INSTANCE_ID: '12345', CONTROL_API_KEY: controlKey }
    const world = await lab.world({ providers: [], settings })
    const { status, body } = await world.call('GET', '/infra/vast/status', undefined, { 'x-api-key': controlKey })
    expectSame([status, body.status, Object.keys(body)], [200, 'unconfigured', fields], 'without VAST_API_KEY')
    return `without VAST_API_KEY: 200, unconfigured, "${body.message}"`
  }),

  kept('S001-16', async (lab) => {
    const settings = { VAST_INSTANCE_ID: '4711', CONTROL_API_KEY: controlKey }
    const world = await lab.world({ providers: ['vast'], settings })
    const { status, body } = await world.call('GET', '/infra/vast/status', undefined, { 'x-api-key': controlKey })
    expectSame([status, body.status], [200, 'not_found'], 'a number that Vast.ai does not know')
    // Destroyed by somebody else after it was ours.
    const one = await bench(lab)
    const reply = one.world.simulators.vast.handle({
      method: 'DELETE',
      path: `/api/v0/instances/${one.id}/`,
      query: new URLSearchParams(),
      headers: { authorization: 'Bearer sim-vast' },
      body: '{}',
    })
    expectThat(reply.status === 200, `it was not destroyed: ${reply.body}`)
    await one.untilWord('not_found', 5 * minute)
    return `a number unknown there: 200, not_found ("${body.message}"); the same once it was destroyed at Vast.ai`
  }),

  kept(['S001-56', 'S001-70'], async (lab) => {
    const { configFrom } = await import('../../server/src/config/config.ts')
    const usual = configFrom({}).providers.vast.baseUrl
    expectSame(usual, 'https://console.vast.ai', 'the base URL without a setting')
    const sent: { url: string; authorization: string | undefined }[] = []
    const { transportTo } = await import('../world.ts')
    let inner: ReturnType<typeof transportTo> | undefined
    const world = await lab.world({
      providers: ['vast'],
      settings: { VAST_INSTANCE_ID: '4711', CONTROL_API_KEY: controlKey },
      surroundings: {
        async transport(request) {
          const headers = Object.entries(request.headers)
          const authorization = headers.find(([name]) => name.toLowerCase() === 'authorization')?.[1]
          sent.push({ url: request.url, authorization })
          if (inner === undefined) throw new Error('nothing is sent before the start')
          return inner(request)
        },
      },
    })
    inner = transportTo(world.simulators, world.clock)
    rentByHand(world.simulators.vast, 1_000)
    await world.call('GET', '/infra/vast/status', undefined, { 'x-api-key': controlKey })
    const paths = sent.map(({ url }) => new URL(url)).map(({ origin, pathname }) => origin + pathname)
    expectThat(
      paths.some((path) => path.startsWith('http://vast.simulated/api/v0/instances/4711')),
      `it asked ${paths}`,
    )
    expectThat(
      sent.every(({ authorization }) => authorization === 'Bearer sim-vast'),
      'a request without VAST_API_KEY',
    )
    return `${paths[0]} with Authorization: Bearer <VAST_API_KEY>; by default at ${usual}/api/v0/`
  }),
]
