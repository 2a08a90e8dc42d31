import { type Check, kept } from './check.ts'
import { bench, controlKey, minute } from './contract-001-machine.ts'
import { expectSame, expectThat, type Lab } from './lab.ts'

/** Off, with nothing of the way there remembered. */
async function offBench(lab: Lab, settings: Record<string, string> = {}) {
  const one = await bench(lab, { settings })
  const off = await one.call('POST', '/infra/vast/power/off', {})
  expectSame(off.status, 200, 'power/off')
  one.health.asked.length = 0
  return { ...one, ordersBefore: one.orders().length }
}

/** Where a port of the machine is reached now. */
function mapped(one: Awaited<ReturnType<typeof bench>>, port: number): string {
  const { public_ipaddr, ports } = one.shown()
  return `http://${public_ipaddr}:${ports?.[`${port}/tcp`]?.[0]?.HostPort}`
}

export const powerChecks: readonly Check[] = [
  kept(
    ['S001-17', 'S001-18', 'S001-19', 'S001-22', 'S001-40', 'S001-41', 'S001-43', 'S001-44', 'S001-59', 'S001-60'],
    async (lab) => {
      const one = await offBench(lab)
      const askedAt = one.world.clock.now()
      const healthyAt = askedAt + 3 * minute
      one.health.status = () => (one.world.clock.now() < healthyAt ? 503 : 200)
      const { status, body } = await one.call('POST', '/infra/vast/power/on', {})
      const tookMs = one.world.clock.now() - askedAt
      const base = mapped(one, 8001)
      expectSame(
        [status, body],
        [
          200,
          {
            status: 'running',
            instance_id: one.id,
            endpoint_base_url: base,
            health_url: `${base}/health`,
            message: 'Instance running and healthy',
          },
        ],
        'the answer to power/on',
      )
      expectThat(tookMs >= 3 * minute, `it answered after ${tookMs} ms, before the health check passed`)
      expectThat(
        one.orders().slice(one.ordersBefore).includes('PUT {"state":"running"}'),
        `Vast.ai was told ${one.orders()}`,
      )
      expectSame([...new Set(one.health.asked)], [`${base}/health`], 'what was probed')
      const [done, requested] = await one.audit()
      expectSame(
        [done?.event, done?.actor, done?.meta],
        ['power_on_complete', 'system', { instance_id: one.id, endpoint: base }],
        'the newest audit entry',
      )
      expectSame(requested?.event, 'power_on_requested', 'the entry before')
      return `{}: PUT state running at Vast.ai; ${one.health.asked.length} probes of ${base}/health (8001); 200 after ${tookMs / 1000} s, healthy after 180; audit complete`
    },
  ),

  kept('S001-20', async (lab) => {
    const one = await offBench(lab)
    const { status, body } = await one.call('POST', '/infra/vast/power/on', { wait_for_health: false })
    expectSame([status, body.status, one.health.asked], [200, 'running', []], 'without waiting for health')
    return `wait_for_health false: 200, running, ${body.endpoint_base_url}, not a single probe`
  }),

  kept('S001-21', async (lab) => {
    const one = await offBench(lab)
    const asked = { health_path: '/v1/models', health_port: 8000 }
    const { status, body } = await one.call('POST', '/infra/vast/power/on', asked)
    const url = `${mapped(one, 8000)}/v1/models`
    expectSame([status, body.health_url, one.health.asked.at(-1)], [200, url, url], 'another path and port')
    return `port 8000 and /v1/models: ${url} was probed and is health_url`
  }),

  kept('S001-24', async (lab) => {
    const headers = { 'x-api-key': controlKey }
    const details: string[] = []
    for (const [missing, providers] of [
      ['VAST_API_KEY', []],
      ['VAST_INSTANCE_ID', ['vast']],
    ] as const) {
      const settings: Record<string, string> = { CONTROL_API_KEY: controlKey }
      if (missing === 'VAST_API_KEY') settings.VAST_INSTANCE_ID = '12345'
      const world = await lab.world({ providers, settings })
      const { status, body } = await world.call('POST', '/infra/vast/power/on', {}, headers)
      expectSame([status, body], [500, { detail: `${missing} not configured` }], `without ${missing}`)
      details.push(body.detail)
    }
    return `500 "${details.join('" and "')}"`
  }),

  kept('S001-25', async (lab) => {
    const one = await offBench(lab)
    one.world.order('vast', 'faults', { kind: 'status', method: 'PUT', status: 500, body: '{}' })
    const { status, body } = await one.call('POST', '/infra/vast/power/on', {})
    expectSame(status, 502, 'power/on while Vast.ai answers 500')
    expectThat(body.detail.startsWith('vast CLI failed'), `its text is ${body.detail}`)
    one.world.simulators.vast.faults.clear()
    await one.world.pass(10 * minute)
    expectSame(one.shown().intended_status, 'stopped', 'what is wanted of the machine ten minutes later')
    return `Vast.ai answers 500: 502 "${body.detail.slice(0, 70)}…"; the machine does not start later either`
  }),

  kept(['S001-26', 'S001-45', 'S001-61'], async (lab) => {
    const patient = await offBench(lab)
    patient.health.status = () => 503
    const askedAt = patient.world.clock.now()
    const { status, body } = await patient.call('POST', '/infra/vast/power/on', {})
    const tookMs = patient.world.clock.now() - askedAt
    expectSame([status, body], [504, { detail: 'Health check timeout' }], 'never healthy')
    expectThat(tookMs >= 600_000 && tookMs < 620_000, `it waited ${tookMs} ms without a setting`)
    expectSame((await patient.audit())[0]?.event, 'power_on_health_timeout', 'the newest audit entry')

    const hasty = await bench(lab, { settings: { VAST_WAIT_TIMEOUT_S: '2' } })
    hasty.health.status = () => 503
    const begunAt = hasty.world.clock.now()
    const late = await hasty.call('POST', '/infra/vast/power/on', {})
    const hastyMs = hasty.world.clock.now() - begunAt
    expectSame([late.status, late.body.detail], [504, 'Health check timeout'], 'with VAST_WAIT_TIMEOUT_S=2')
    expectThat(hastyMs < 10_000, `with VAST_WAIT_TIMEOUT_S=2 it took ${hastyMs} ms`)
    return `never healthy: 504 "Health check timeout" after ${tookMs / 1000} s, with VAST_WAIT_TIMEOUT_S=2 after ${hastyMs / 1000} s; audit power_on_health_timeout`
  }),

  kept(['S001-27', 'S001-28', 'S001-29', 'S001-30', 'S001-46', 'S001-47'], async (lab) => {
    const one = await bench(lab, { settings: { VAST_AUTO_SHUTDOWN: 'false' } })
    await one.hours(2)
    const { status, body } = await one.call('POST', '/infra/vast/power/off', {})
    expectSame(
      [status, Object.keys(body), body.status],
      [200, ['status', 'session_runtime_minutes', 'session_cost_usd', 'message'], 'stopped'],
      'the answer to power/off',
    )
    const { session_runtime_minutes: minutes, session_cost_usd: cost, message } = body
    expectThat(minutes > 119 && minutes < 122, `${minutes} minutes instead of 120`)
    const { dph_total } = (await one.call('GET', '/infra/vast/status')).body
    expectThat(Math.abs(cost - (minutes / 60) * dph_total) < 0.0051, `$${cost} is not ${minutes} min at ${dph_total}`)
    expectSame(cost, Math.round(cost * 100) / 100, 'the cost in cents')
    const text = `Instance stopped. Session: ${minutes.toFixed(1)} min, $${cost.toFixed(3)}`
    expectSame(message, text, 'the message')
    expectSame(one.orders(), ['PUT {"state":"stopped"}'], 'what Vast.ai was told')
    expectSame(one.shown().actual_status, 'exited', 'what is left of the machine')
    expectSame(
      (await one.audit()).map(({ event }) => event),
      ['power_off_complete', 'power_off_requested'],
      'the audit',
    )
    const again = await one.call('POST', '/infra/vast/power/off')
    expectSame([again.status, again.body.session_cost_usd], [200, 0], 'power/off of what is off')
    return `only PUT state stopped, the machine is still there; "${message}" at ${dph_total} $/h; off already: 200, 0`
  }),
]
