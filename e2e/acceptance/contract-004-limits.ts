import { cases } from '../../server/src/providers/contract/cases.ts'
import { aRig, type Rig } from '../../server/src/providers/contract/rig.ts'
import type { RateLimit } from '../../server/src/providers/provider.ts'
import { type Check, kept } from './check.ts'
import { minute, overtaken, rigOf, trouble } from './contract-004-kit.ts'
import { expectSame, expectThat } from './lab.ts'

const search = '/api/v1/offers/search?limit=5'

/** S004-62 to S004-71, S004-87 and S004-88: limits, breakers, and what one marketplace's trouble does to others. */
export const checks: readonly Check[] = [
  overtaken('lambda', 'S004-62', async () => {
    const rig = rigOf('lambda')
    const looks = await looksIn(rig, 2 * minute)
    const launches = rig.provider.limits().find(({ scope }) => scope === 'launch')
    expectSame([launches?.calls, launches?.windowMs], [1, 13_000], 'launches')
    expectThat(looks.most <= 1 && looks.count > 90, `${looks.count} looks, ${looks.most} in one second`)
    return `${looks.count} looks in 2 minutes, never two in a second, none refused; launches 13 s apart`
  }),
  overtaken('runpod', ['S004-63', 'S004-64'], async () => {
    const rig = rigOf('runpod')
    const first = await looksIn(rig, 2 * minute)
    expectThat(first.count <= 2 * 60 + 15, `${first.count} calls in two minutes`)
    rig.order('special/quota', { minute: 20 })
    const second = await looksIn(rig, 3 * minute)
    expectThat(second.count < first.count, `${second.count} calls under a smaller quota`)
    return `${first.count} calls in 2 minutes; when its headers tell of 20 a minute, ${second.count} in 3; no 429 in either`
  }),
  overtaken('paperspace', ['S004-65', 'S004-66'], async () => {
    const rig = rigOf('paperspace')
    const looks = await looksIn(rig, minute)
    expectThat(looks.count <= 3 * 60 + 5 && looks.most <= 8, `${looks.count} a minute, ${looks.most} in one second`)
    return `${looks.count} looks a minute, at most ${looks.most} in any second, below the 200 and the 10 of the contract; none refused`
  }),
  kept('S004-67', async (lab) => {
    const world = await lab.world()
    for (let ten = 0; ten < 2; ten += 1) {
      await world.call('GET', search)
      await world.pass(5 * minute)
    }
    const counts: string[] = []
    for (const marketplace of cases.filter(({ name }) => !name.includes('GraphQL'))) {
      const { requests } = world.simulators[marketplace.provider]
      const refused = requests.filter(({ status }) => status === 429)
      expectSame(refused, [], `what ${marketplace.name} refused`)
      const most = mostIn(
        requests.map(({ at }) => at),
        minute,
      )
      const limit = inAMinute(aRig(marketplace).provider.limits())
      expectThat(requests.length > 10 && most <= limit, `${marketplace.name}: ${most} in a minute, limit ${limit}`)
      counts.push(`${marketplace.name} ${most} of ${limit}`)
    }
    return `polled for 10 minutes, most calls in any minute: ${counts.join(', ')}; no 429`
  }),
  kept('S004-68', async () => {
    const rig = rigOf('lambda')
    const before = await looksIn(rig, minute)
    const busy = { kind: 'status', status: 429, body: '{}', headers: { 'retry-after': '15' } } as const
    rig.fault({ ...busy, times: 3 })
    const during = await looksIn(rig, minute, [429])
    rig.faultless()
    await rig.pass(minute)
    const after = await looksIn(rig, minute)
    expectThat(during.count < before.count / 2, `${before.count} and then ${during.count}`)
    expectThat(after.count > before.count * 0.9, `${before.count} and afterwards ${after.count}`)
    return `calls a minute: ${before.count}; with three 429 that say Retry-After 15: ${during.count}; afterwards ${after.count}`
  }),
  kept('S004-69', async (lab) => {
    const rig = rigOf('vast')
    rig.fault({ kind: 'status', status: 503, body: '{}' })
    for (let look = 0; look < 4; look += 1) await trouble(rig, rig.provider.look())
    rig.sent.length = 0
    const { kind, message } = await trouble(rig, rig.provider.look())
    expectSame([kind, rig.sent.length], ['unavailable', 0], 'a look while the circuit is open')
    rig.faultless()
    await rig.pass(20_000)
    await rig.done(rig.provider.look())
    expectSame(rig.sent.length, 1, 'the probe')

    const world = await lab.world({ providers: ['vast', 'runpod'] })
    world.order('vast', 'faults', { kind: 'refuse' })
    const circuits = await world.until(async () => {
      await world.call('GET', search)
      const { data } = (await world.call('GET', '/api/v1/providers')).body
      const found = data.map((one: { accounts: { circuit: string }[] }) => one.accounts[0]?.circuit)
      return found[0] === 'open' && found
    }, 2 * minute)
    expectSame(circuits.slice(0, 2), ['open', 'closed'], 'the circuits of Vast.ai and RunPod')
    world.simulators.vast.faults.clear()
    await world.until(async () => {
      await world.call('GET', search)
      const { body } = await world.call('GET', '/metrics')
      return body.includes('gpufleet_provider_breaker_state{provider="vast",account="main"} 0')
    }, 2 * minute)
    return `after failures nothing is sent ("${message.slice(0, 60)}"), later one probe closes it; RunPod's circuit stays closed`
  }),
  kept('S004-70', async (lab) => {
    const world = await lab.world({ providers: ['runpod'] })
    const calls = async () => {
      await world.call('GET', search)
      return world.simulators.runpod.requests.filter(({ path }) => path.includes('/catalog/gpus')).length
    }
    await world.until(async () => (await world.call('GET', search)).body.data.length > 0, minute)
    const [first, second] = [await calls(), await calls()]
    expectThat(first > 0 && first === second, `${first} calls, and ${second} after the next search`)
    await world.pass(3 * minute)
    const later = await calls()
    expectThat(later > second, 'it is never refreshed')
    return `a second search asks nobody (${first} upstream calls before and after); after 3 minutes there are ${later}`
  }),
  kept('S004-71', async (lab) => {
    const world = await lab.world({ providers: ['runpod', 'lambda'] })
    for (let round = 0; round < 6; round += 1) {
      await world.call('GET', search)
      await world.pass(5 * minute)
    }
    const begins = (name: 'runpod' | 'lambda', path: string) =>
      world.simulators[name].requests
        .filter((one) => one.path.endsWith(path))
        .map(({ at }) => at)
        .filter((at, index, all) => index === 0 || at - (all[index - 1] ?? 0) > 20_000)
    const gaps = (at: number[]) => at.slice(1).map((one, index) => Math.round((one - (at[index] ?? 0)) / 1000))
    const [one, other] = [gaps(begins('runpod', '/catalog/gpus')), gaps(begins('lambda', '/instance-types'))]
    expectThat(one.length > 15 && other.length > 15, `${one.length} and ${other.length} refreshes`)
    expectThat(new Set(one).size > 1 && new Set(other).size > 1, `always ${one[0]} s`)
    expectThat(Math.min(...one, ...other) >= 58, 'sooner than the pace of a minute')
    const together = begins('runpod', '/catalog/gpus').filter((at) => begins('lambda', '/instance-types').includes(at))
    expectThat(together.length < one.length, 'both are always asked at one moment')
    const range = (all: number[]) => `${Math.min(...all)} to ${Math.max(...all)} s`
    return `refreshes in 30 minutes: RunPod every ${range(one)}, Lambda every ${range(other)}; ${together.length} of ${one.length} at one moment`
  }),
  kept('S004-87', async (lab) => {
    const world = await lab.world({ providers: ['vast', 'runpod'] })
    world.order('runpod', 'faults', { kind: 'status', status: 500 })
    await world.call('GET', search)
    await world.pass(2 * minute)
    const text: string = (await world.call('GET', '/metrics')).body
    const value = (pattern: RegExp) =>
      Number(
        text
          .split('\n')
          .find((line) => pattern.test(line))
          ?.split(' ')
          .at(-1) ?? 0,
      )
    const times = value(/^gpufleet_provider_request_seconds_count\{provider="vast",operation="search"\}/)
    const errors = value(/^gpufleet_provider_errors_total\{provider="runpod".*operation="search"/)
    expectThat(times > 0 && errors > 0, `${times} times and ${errors} errors`)
    expectThat(!/^gpufleet_provider_errors_total\{provider="vast"/m.test(text), 'errors of Vast.ai')
    return `response times of vast search: ${times} measured; errors of runpod search: ${errors}, of vast: 0`
  }),
  kept('S004-88', async (lab) => {
    const world = await lab.world({ providers: ['vast', 'runpod', 'lambda'] })
    world.order('vast', 'faults', { kind: 'refuse' })
    const { body } = await world.until(async () => {
      const reply = await world.call('GET', '/api/v1/offers/search?limit=200')
      const from = new Set(reply.body.data.map((one: { provider: string }) => one.provider))
      return from.has('runpod') && from.has('lambda_labs') && reply
    }, minute)
    const from = new Set(body.data.map((one: { provider: string }) => one.provider))
    expectThat(!from.has('vast_ai'), 'offers of Vast.ai')
    const warned = body.warnings.map((one: { provider: string; kind: string }) => `${one.provider} ${one.kind}`)
    expectThat(
      warned.some((one: string) => one.startsWith('vast_ai')),
      'no word of Vast.ai',
    )
    return `with Vast.ai down: offers of ${[...from].join(', ')}, warning "${warned.join(', ')}"`
  }),
]

/** Looks as fast as it may for so long. @returns how many requests went out, and the most in any second */
async function looksIn(rig: Rig, ms: number, expected: number[] = []): Promise<{ count: number; most: number }> {
  rig.simulator.requests.length = 0
  const until = rig.clock.now() + ms
  const looking = [1, 2].map(async () => {
    while (rig.clock.now() < until) {
      await rig.provider.look().catch(() => {})
      await rig.clock.sleep(20)
    }
  })
  await rig.done(Promise.all(looking))
  const requests = rig.simulator.requests.filter(({ at }) => at < until)
  const refused = requests.filter(({ status }) => status === 429 && !expected.includes(status))
  expectSame(refused, [], 'what was refused with 429')
  return {
    count: requests.length,
    most: mostIn(
      requests.map(({ at }) => at),
      1_000,
    ),
  }
}

function mostIn(at: number[], windowMs: number): number {
  return Math.max(0, ...at.map((from) => at.filter((one) => one >= from && one < from + windowMs).length))
}

/** What all scopes together let through in a minute; the API that is not spoken left out. */
function inAMinute(limits: readonly RateLimit[]): number {
  const spoken = limits.filter(({ scope }) => scope !== 'graphql')
  return Math.ceil(spoken.reduce((sum, { calls, windowMs, burst }) => sum + (calls * minute) / windowMs + burst, 0))
}
