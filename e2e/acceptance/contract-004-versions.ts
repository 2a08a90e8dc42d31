import { cases } from '../../server/src/providers/contract/cases.ts'
import { novitaDescription } from '../../server/src/providers/novita/description.ts'
import { runpodDescription, runpodGraphqlDescription } from '../../server/src/providers/runpod/description.ts'
import { features, supportsFeature, versionHasFeature } from '../../server/src/providers/supports-feature.ts'
import { type Check, kept } from './check.ts'
import { minute, rigOf } from './contract-004-kit.ts'
import { expectSame, expectThat, type LabWorld } from './lab.ts'

const search = '/api/v1/offers/search?limit=5'
const names = { vast: 'vast_ai', runpod: 'runpod', lambda: 'lambda_labs', paperspace: 'paperspace', novita: 'novita' }

/** S004-72 to S004-83: what the marketplaces' APIs say of themselves, and what is done about it. */
export const checks: readonly Check[] = [
  kept('S004-72', async (lab) => {
    const world = await lab.world({ providers: ['vast', 'runpod'] })
    await world.call('GET', search)
    await world.pass(minute)
    const before = await versionOf(world, 'runpod')
    expectThat(!('deprecated_at' in before), 'deprecated_at is there although nothing is deprecated')
    expectThat(before.is_supported === true && Date.parse(before.last_checked) > 0, JSON.stringify(before))
    world.order('runpod', 'special/deprecate', { sunset: '2027-01-01T00:00:00Z' })
    await world.pass(2 * minute)
    const after = await versionOf(world, 'runpod')
    expectThat(Date.parse(after.deprecated_at) > 0 && after.sunset_at.startsWith('2027-01-01'), JSON.stringify(after))
    const { provider, version, is_supported, deprecated_at } = after
    return `${provider} ${version} supported ${is_supported}; deprecated_at missing before, ${deprecated_at} after the announcement`
  }),
  kept('S004-73', async (lab) => {
    const world = await lab.world({ providers: ['lambda'] })
    world.order('lambda', 'faults', { kind: 'header', headers: { deprecation: '@1790000000' } })
    await world.call('GET', search)
    await world.pass(minute)
    const line = world.log.lines.find(({ event }) => event === 'provider notice')
    expectThat(line?.level === 'warn', 'no warning in the log')
    const text = JSON.stringify(line)
    expectThat(text.includes('lambda') && text.includes('deprecated'), text)
    const events = await eventsOf(world, 'deprecation')
    expectSame(events.length, 1, 'events')
    return `log warn "${line.event}" for lambda, once; event "${events[0]?.message.slice(0, 90)}"`
  }),
  kept('S004-74', async (lab) => {
    const world = await lab.world({ providers: ['lambda', 'vast'] })
    world.order('lambda', 'faults', { kind: 'header', headers: { 'api-version': 'v9' } })
    await world.call('GET', search)
    await world.pass(minute)
    const [event] = await eventsOf(world, 'version_mismatch')
    expectSame([event?.data.expected, event?.data.got], [['v1'], 'v9'], 'expected and got')
    expectThat((await versionOf(world, 'lambda')).is_supported === false, 'it counts as supported')
    expectThat((await versionOf(world, 'vast')).is_supported === true, 'Vast.ai does not')
    const metric = 'gpufleet_provider_version_mismatch{provider="lambda"} 1'
    expectThat((await world.call('GET', '/metrics')).body.includes(metric), 'the metric')
    return `event "${event?.message.slice(0, 80)}", is_supported false, ${metric}`
  }),
  kept('S004-75', async (lab) => {
    const world = await lab.world({ providers: ['lambda', 'vast'] })
    await world.call('GET', search)
    await world.pass(minute)
    expectSame(await eventsOf(world, 'unexpected_reply'), [], 'events before')
    world.order('lambda', 'faults', { kind: 'drop_field', field: 'data', path: '/instance-types' })
    await world.pass(3 * minute)
    const [event] = await eventsOf(world, 'unexpected_reply')
    expectThat(event?.message.includes('lambda_labs'), 'no event')
    const metric = (await metricLines(world)).find((line) =>
      line.startsWith('gpufleet_provider_unexpected_replies_total{provider="lambda",verb="searchOffers"}'),
    )
    expectThat(Number(metric?.split(' ').at(-1)) > 0, `the metric says ${metric}`)
    expectThat((await versionOf(world, 'lambda')).is_supported === false, 'it counts as supported')
    return `without the field data: event "${event?.message.slice(0, 70)}…", ${metric?.split('{')[0]} counts, is_supported false`
  }),
  kept('S004-76', async (lab) => {
    const world = await lab.world({ providers: ['lambda', 'vast'] })
    const code = 'global/moon-phase'
    const body = JSON.stringify({ error: { code, message: 'not today' } })
    world.order('lambda', 'faults', { kind: 'status', status: 400, path: '/instance-types', body })
    await world.call('GET', search)
    await world.pass(minute)
    const [event] = await eventsOf(world, 'new_error_code')
    expectSame(event?.data.code, code, 'the code in the event')
    expectThat(
      world.log.lines.some((line) => line.level === 'warn' && JSON.stringify(line).includes(code)),
      'the log',
    )
    const counted = (await metricLines(world)).some((line) =>
      line.startsWith('gpufleet_provider_new_error_codes_total{provider="lambda"'),
    )
    expectThat(counted, 'the metric')
    return `${code}: event, warning in the log and gpufleet_provider_new_error_codes_total; taken for ${event?.data.taken_for}`
  }),
  kept('S004-77', async () => {
    const every = ['interruptible_instances', 'stop', 'logs']
    expectSame(
      every.map((one) => versionHasFeature('v1', one)),
      [false, true, true],
      'v1',
    )
    expectSame(
      every.map((one) => versionHasFeature('v2', one)),
      [true, true, true],
      'v2',
    )
    expectSame(
      every.map((one) => versionHasFeature('v7', one)),
      [false, false, false],
      'an unknown version',
    )
    for (const { name } of cases)
      expectThat(rigOf(name).provider.describe().apiVersion !== '', `${name} has no version`)
    const real = [runpodDescription, runpodGraphqlDescription, novitaDescription].map((one) => [
      one.apiVersion,
      supportsFeature(one, 'stop'),
      supportsFeature(one, 'interruptible_instances'),
    ])
    const wanted = [
      ['v2', true, false],
      ['graphql', false, false],
      ['v1', true, true],
    ]
    expectSame(real, wanted, 'what RunPod by both APIs and Novita really support')
    return `by version as written (v1 all but interruptible, v2 all, v7 none); really: ${features.length} features of each client's own`
  }),
  kept('S004-78', async (lab) => {
    const world = await lab.world({ providers: ['lambda'] })
    world.order('lambda', 'faults', { kind: 'header', headers: { 'api-version': '1.10.0' } })
    await world.call('GET', search)
    await world.pass(2 * minute)
    expectSame((await versionOf(world, 'lambda')).observed_version, '1.10.0', 'what it said first')
    world.simulators.lambda.faults.clear()
    world.order('lambda', 'faults', { kind: 'header', headers: { 'api-version': '1.11.0' } })
    await world.pass(2 * minute)
    const [event, ...more] = await eventsOf(world, 'version_change')
    expectSame([event?.data.before, event?.data.version, more.length], ['1.10.0', '1.11.0', 0], 'old and new, once')
    expectSame((await versionOf(world, 'lambda')).observed_version, '1.11.0', 'what it says now')
    return `every reply is looked at: "${event?.message}"`
  }),
  kept('S004-79', async (lab) => {
    const world = await lab.world({ providers: ['vast', 'runpod'] })
    const shown = async () => {
      const { data } = (await world.call('GET', '/api/v1/offers/search?limit=200')).body
      return [...new Set(data.map((one: { provider: string }) => one.provider))].sort()
    }
    await world.until(async () => (await shown()).length === 2, 2 * minute)
    await world.call('PUT', '/api/v1/providers/runpod', { enabled: false })
    expectSame(await shown(), ['vast_ai'], 'who is shown right after')
    const wish = { gpu_model: 'RTX 4090', image: 'x' }
    const { offers } = (await world.call('POST', '/api/v1/instances/plan', wish)).body.data
    expectThat(offers.length > 0 && offers.every((one: { provider: string }) => one.provider === 'vast_ai'), 'the plan')
    const refused = await world.call('POST', '/api/v1/instances', { ...wish, provider: 'runpod' })
    expectThat(refused.status >= 400, `a launch there was answered ${refused.status}`)

    const off = await lab.world({ providers: ['vast', 'runpod'], settings: { RUNPOD_ENABLED: 'false' } })
    await off.until(async () => (await off.call('GET', search)).body.data.length > 0, 2 * minute)
    expectSame(
      off.simulators.runpod.requests.filter(({ path }) => path.includes('catalog')),
      [],
      'searches when off',
    )
    return `PUT {"enabled": false}: gone from search and plan with the next call, a launch: ${refused.status}; RUNPOD_ENABLED=false as well`
  }),
  kept(['S004-80', 'S004-81'], async (lab) => {
    const seen: string[] = []
    for (const [version, spoken] of [
      ['v2', /^\/v2\//],
      ['graphql', /^\/graphql$/],
    ] as const) {
      const world = await lab.world({ providers: ['runpod'], settings: { RUNPOD_API_VERSION: version } })
      world.order('runpod', 'special/switch', { startFailureRate: 0, capacityFailureRate: 0 })
      const wish = { gpu_model: 'RTX 4090', image: 'x', provider: 'runpod' }
      await world.until(
        async () => (await world.call('GET', '/api/v1/offers/search?gpu_model=RTX%204090')).body.data.length > 0,
        2 * minute,
      )
      const { id } = (await world.call('POST', '/api/v1/instances', wish)).body.data
      await world.untilStatus(id, 'ready', 40 * minute)
      const launches = world.simulators.runpod.requests.filter(
        ({ method, path }) => method === 'POST' && spoken.test(path),
      )
      const others = world.simulators.runpod.requests.filter(
        ({ method, path }) => method === 'POST' && !spoken.test(path) && !(version === 'v2' && path === '/graphql'),
      )
      expectThat(launches.length > 0 && others.length === 0, `${version} was not what was spoken`)
      const shown = await versionOf(world, 'runpod')
      expectSame(shown.version, version, 'the version that is shown')
      await world.call('DELETE', `/api/v1/instances/${id}`)
      await world.untilStatus(id, 'terminated', 20 * minute)
      seen.push(`${version}${shown.notice === null ? '' : ' (deprecated)'}`)
    }
    return `RUNPOD_API_VERSION ${seen.join(' and ')}: a machine was launched, ready and ended by each, each by its own paths`
  }),
  kept('S004-83', async (lab) => {
    const world = await lab.world({ providers: ['vast', 'runpod', 'lambda'] })
    world.order('runpod', 'special/deprecate', { sunset: '2027-01-01T00:00:00Z' })
    await world.call('GET', search)
    await world.pass(minute)
    const { alternatives } = await versionOf(world, 'runpod')
    expectSame(alternatives, ['vast_ai', 'lambda_labs'], 'alternatives')
    const { warnings } = (await world.call('GET', search)).body
    const warning = warnings.find((one: { kind: string }) => one.kind === 'deprecated')
    expectThat(/vast_ai, lambda_labs/.test(warning?.message), `the warning is ${warning?.message}`)
    const [event] = await eventsOf(world, 'deprecation')
    expectThat(event?.message.includes('vast_ai, lambda_labs'), 'the event')
    return `beside offers: "${warning.message}"`
  }),
]

interface EventView {
  message: string
  data: Record<string, unknown>
}

async function eventsOf(world: LabWorld, what: string): Promise<EventView[]> {
  const { data } = (await world.call('GET', '/api/v1/audit?kind=provider')).body
  return data.filter((event: EventView) => event.data.what === what)
}

// biome-ignore lint/suspicious/noExplicitAny: the answer as it comes
async function versionOf(world: LabWorld, provider: keyof typeof names): Promise<any> {
  const { data } = (await world.call('GET', '/api/v1/providers/versions')).body
  return data.find((one: { provider: string }) => one.provider === names[provider])
}

async function metricLines(world: LabWorld): Promise<string[]> {
  return String((await world.call('GET', '/metrics')).body).split('\n')
}
