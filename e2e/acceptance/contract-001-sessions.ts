import { figuresOf } from '../../server/src/core/infra-vast/figures.ts'
import { nanosFromUsd } from '../../server/src/core/money.ts'
import { type Check, kept } from './check.ts'
import { type Bench, bench, hour, minute } from './contract-001-machine.ts'
import { expectSame, expectThat } from './lab.ts'

const at = ({ ts }: { ts: string }) => Date.parse(ts)
const stateOf = (one: Bench) => one.shown().intended_status

/** Until the marketplace was told to stop it. */
async function untilStopped(one: Bench, withinMs: number): Promise<void> {
  await one.world.until(async () => stateOf(one) === 'stopped', withinMs)
  await one.untilWord('stopped', minute)
  await one.world.pass(10_000)
}

export const sessionChecks: readonly Check[] = [
  kept(['S001-34', 'S001-35', 'S001-65'], async (lab) => {
    const one = await bench(lab, { settings: { VAST_AUTO_SHUTDOWN: 'false' } })
    const ended: { session_runtime_minutes: number; session_cost_usd: number }[] = []
    for (const hours of [2, 1]) {
      await one.hours(hours)
      ended.push((await one.call('POST', '/infra/vast/power/off', {})).body)
      if (hours === 2) await one.call('POST', '/infra/vast/power/on', {})
    }
    const { status, body } = await one.call('GET', '/infra/vast/costs')
    expectSame(
      [status, Object.keys(body)],
      [200, ['total_runtime_hours', 'total_cost_usd', 'sessions_count', 'avg_session_minutes']],
      'the answer',
    )
    const minutes = ended.reduce((sum, one) => sum + one.session_runtime_minutes, 0)
    const cost = ended.reduce((sum, one) => sum + one.session_cost_usd, 0)
    expectSame(body.sessions_count, 2, 'sessions_count')
    expectThat(Math.abs(body.total_runtime_hours - minutes / 60) < 0.01, `hours ${body.total_runtime_hours}`)
    expectThat(Math.abs(body.total_cost_usd - cost) < 0.011, `$${body.total_cost_usd}, by sessions $${cost}`)
    expectThat(Math.abs(body.avg_session_minutes - minutes / 2) < 0.11, `average ${body.avg_session_minutes}`)
    // Activity while it is off begins none.
    await one.call('POST', '/infra/vast/activity')
    await one.world.pass(minute)
    expectSame((await one.call('GET', '/infra/vast/costs')).body, body, 'the costs after activity while it is off')
    return `two sessions of ${ended.map((one) => `${one.session_runtime_minutes} min, $${one.session_cost_usd}`).join(' and ')}: ${JSON.stringify(body)}`
  }),

  kept(['S001-36', 'S001-37', 'S001-38', 'S001-39'], async (lab) => {
    const one = await bench(lab)
    await one.call('POST', '/infra/vast/power/off', {})
    // Two entries each.
    for (let times = 1; times < 30; times += 1) {
      await one.call('POST', '/infra/vast/power/off', {})
      await one.world.pass(1_000)
    }
    const sizes: number[] = []
    for (const query of ['', '?limit=5', '?limit=1000']) {
      const { status, body } = await one.call('GET', `/infra/vast/audit${query}`)
      expectThat(status === 200 && Array.isArray(body), `audit${query} answers ${status}`)
      sizes.push(body.length)
    }
    expectSame(sizes, [50, 5, 60], 'how many of 60 entries come')
    const all = await one.audit()
    expectSame(Object.keys(all[0] ?? {}), ['ts', 'event', 'actor', 'meta'], 'the fields of an entry')
    expectThat(
      all.every((entry, index) => index === 0 || at(entry) <= at(all[index - 1] ?? entry)),
      'an older entry is before a newer one',
    )
    expectThat(at(all[0] as { ts: string }) > at(all.at(-1) as { ts: string }), 'all are of one moment')
    return `60 entries: 50 without a limit, 5 with limit=5; {ts, event, actor, meta}; newest first`
  }),

  kept(['S001-42', 'S001-48', 'S001-49', 'S001-51', 'S001-52', 'S001-54'], async (lab) => {
    const one = await bench(lab, { settings: { VAST_AUTO_SHUTDOWN_MINUTES: '1' } })
    await one.call('POST', '/infra/vast/activity')
    const usedAt = one.world.clock.now()
    await untilStopped(one, 2 * minute)
    expectThat(
      one.orders().every((order) => order === 'PUT {"state":"stopped"}'),
      `Vast.ai was told ${one.orders()}`,
    )
    const [complete, shutdown] = await one.audit()
    expectSame([complete?.event, shutdown?.event], ['auto_shutdown_complete', 'auto_shutdown'], 'the audit')
    expectSame([complete?.actor, shutdown?.actor], ['system', 'system'], 'the actors')
    const inactive = Number(shutdown?.meta.inactive_minutes)
    expectThat(inactive >= 1 && inactive <= 2, `inactive_minutes ${inactive}`)
    expectThat(typeof complete?.meta.session_cost_usd === 'number', `its meta is ${JSON.stringify(complete?.meta)}`)
    const { body: costs } = await one.call('GET', '/infra/vast/costs')
    expectSame(costs.sessions_count, 1, 'the sessions')
    expectThat(costs.avg_session_minutes > 0, 'a session of nothing')
    // Again, and the looks are 60 s apart.
    await one.call('POST', '/infra/vast/power/on', {})
    await untilStopped(one, 5 * minute)
    const stops = (await one.audit()).filter(({ event }) => event === 'auto_shutdown').map(at)
    const apart = ((stops[0] ?? 0) - (stops[1] ?? 0)) / 1_000
    const off = Math.min(apart % 60, 60 - (apart % 60))
    expectThat(off <= 3, `two shutdowns are ${apart} s apart, which is no multiple of 60`)
    const waited = ((stops[1] ?? 0) - usedAt) / 1_000
    return `1 min: stopped ${Math.round(waited)} s after the last use, inactive_minutes ${inactive}, session booked with its cost; two stops ${apart} s apart: looked every 60 s`
  }),

  kept('S001-53', async (lab) => {
    const settings = { VAST_AUTO_SHUTDOWN: 'false', VAST_AUTO_SHUTDOWN_MINUTES: '1' }
    const one = await bench(lab, { settings })
    await one.hours(1)
    expectSame([stateOf(one), one.orders(), await one.audit()], ['running', [], []], 'an idle hour later')
    // And with it: work reported to the API of this product keeps it up, its end lets it go.
    const on = await bench(lab, { settings: { VAST_AUTO_SHUTDOWN_MINUTES: '5' } })
    const activity = `/api/v1/instances/vast_${on.id}/activity`
    await on.world.call('POST', activity, { in_flight: 1 })
    await on.world.pass(9 * minute)
    expectSame(stateOf(on), 'running', 'while work is under way')
    await on.world.call('POST', activity, { in_flight: 0 })
    await untilStopped(on, 7 * minute)
    return 'false: up after an idle hour, nothing ordered; true, 5 min: up while /api/v1 reports work in flight, stopped after'
  }),

  kept('S001-50', async (lab) => {
    const one = await bench(lab)
    const added: string[] = []
    for (const path of ['/power/off', '/power/on', '/activity']) {
      const before = (await one.audit()).length
      await one.call('POST', `/infra/vast${path}`, {})
      const news = (await one.audit()).slice(0, -before || undefined).map(({ event }) => event)
      expectThat(news.length >= 1, `${path} left nothing in the audit`)
      added.push(`${path}: ${news.toReversed().join(', ')}`)
    }
    const { body } = await one.world.call('GET', '/api/v1/audit?limit=100')
    const ours = body.data.filter(({ kind }: { kind: string }) => kind === 'power')
    expectSame(ours.length, (await one.audit()).length, 'the same entries in the audit of /api/v1')
    return `${added.join('; ')}; the same in the chained audit of /api/v1`
  }),

  kept(['S001-76', 'S001-77'], async () => {
    const cost = (usdPerHour: string, ms: number) =>
      figuresOf({ startedAt: 0, endedAt: ms, ratePerHour: nanosFromUsd(usdPerHour) }, ms).costUsd
    const day = [cost('0.45', 8 * hour), cost('0.75', 8 * hour)]
    const forgotten = [cost('0.45', 30 * minute), cost('0.75', 30 * minute)]
    expectSame(
      [day, forgotten],
      [
        [3.6, 6],
        [0.23, 0.38],
      ],
      '8 hours, and half an hour',
    )
    return `8 h at 0.45 and 0.75: $${day.join(', $')}; half an hour: $${forgotten.join(', $')}`
  }),
]
