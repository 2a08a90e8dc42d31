import { configFrom } from '../../server/src/config/config.ts'
import { nanosFromUsd } from '../../server/src/core/money.ts'
import { type Check, kept } from './check.ts'
import {
  caseNamed,
  everything,
  lastSent,
  minute,
  overtaken,
  raw,
  rigOf,
  sentLines,
  trouble,
} from './contract-004-kit.ts'
import { expectSame, expectThat } from './lab.ts'

/** S004-11 to S004-21 and S004-61: Vast.ai. */
export const checks: readonly Check[] = [
  kept('S004-11', async () => {
    const usual = configFrom({}).providers.vast.baseUrl
    expectSame(usual, 'https://console.vast.ai', 'the default host')
    const other = configFrom({ VAST_API_BASE_URL: 'http://127.0.0.1:9100' }).providers.vast.baseUrl
    expectSame(other, 'http://127.0.0.1:9100', 'VAST_API_BASE_URL')
    const rig = rigOf('vast')
    await rig.anOffer()
    const [first] = rig.sent
    expectSame(first?.url, 'http://vast.simulated/api/v0/bundles/', 'where it is sent with another host')
    return `default ${usual} with /api/v0; with another host: ${first?.url}`
  }),
  overtaken('vast', 'S004-12', async () => {
    const rig = rigOf('vast')
    const offer = await rig.anOffer()
    const { json } = lastSent(rig, /POST .*\/bundles\//)
    expectSame([json.verified, json.external, json.rentable], [{ eq: true }, { eq: false }, { eq: true }], 'the query')
    expectThat(offer.available && offer.verified === true, 'it answers others as well')
    return 'POST /bundles/ asks for verified true, external false, rentable true; the offers are so'
  }),
  overtaken('vast', 'S004-13', async () => {
    const rig = rigOf('vast')
    const { order } = await rig.launch({ onstartScript: 'echo hello', environment: { MODEL: 'x' } })
    const { url, json } = lastSent(rig, /PUT .*\/asks\//)
    expectThat(url.endsWith(`/api/v0/asks/${order.offer.externalId}/`), url)
    expectSame([json.client_id, json.image, json.env.MODEL], ['me', order.image, 'x'], 'client_id, image, env')
    expectThat(json.onstart.includes('echo hello') && json.disk === 50 && json.label === order.label, 'onstart, disk')
    return `PUT /api/v0/asks/{offer}/ with ${Object.keys(json).join(', ')}; the image, variable and script are there`
  }),
  overtaken('vast', 'S004-14', async () => {
    const rig = rigOf('vast')
    const { machine } = await rig.running()
    expectThat(sentLines(rig).includes('GET /api/v1/instances/'), 'the fleet is not listed')
    expectSame((await rig.seen(machine.externalId)).phase, 'running', 'one machine')
    lastSent(rig, new RegExp(`GET /api/v0/instances/${machine.externalId}/$`))
    return `GET /api/v1/instances/ for all, GET /api/v0/instances/${machine.externalId}/ for one: both say running`
  }),
  kept('S004-15', async () => {
    const rig = rigOf('vast')
    const { externalId } = await rig.launch()
    await rig.done(rig.provider.terminate(externalId))
    lastSent(rig, new RegExp(`^DELETE /api/v0/instances/${externalId}/$`))
    await rig.pass(minute)
    expectSame(
      rig.ours().filter(({ billing }) => billing),
      [],
      'what bills',
    )
    return `DELETE /api/v0/instances/${externalId}/, and nothing bills any more`
  }),
  kept('S004-17', async () => {
    const rig = rigOf('vast')
    await rig.anOffer()
    const [row] = raw(rig, 'POST', '/api/v0/bundles/', { limit: 1 }).offers
    const { cpu_ram: _ram, rentable: _rentable, rented: _rented, verification: _said, reliability2: _r, ...rest } = row
    const asInTheContract = {
      ...rest,
      gpu_name: 'RTX 3090',
      num_gpus: 2,
      dph_total: 0.61,
      ram_amount: 96,
      disk_space: 412.7,
      geolocation: 'Quebec, CA',
      verified: true,
      reliability: 0.987,
    }
    rig.fault({
      kind: 'status',
      status: 200,
      path: '/bundles/',
      body: JSON.stringify({
        offers: [
          { ...asInTheContract, id: 111, available: true },
          { ...asInTheContract, id: 222, machine_id: 7, available: false },
        ],
      }),
    })
    const { offers } = await rig.done(rig.provider.searchOffers({ ...everything, markets: ['on_demand'] }))
    const [one, two] = offers
    expectSame(
      [one?.externalId, one?.gpu.spelling, one?.gpu.count, one?.details.dph_total, one?.ramGb, one?.disk.maxGb],
      ['111', 'RTX 3090', 2, 0.61, 96, 412],
      'id, gpu_name, num_gpus, dph_total, ram_amount, disk_space',
    )
    expectSame(
      [one?.available, two?.available, one?.location, one?.verified, one?.reliability],
      [true, false, 'Quebec, CA', true, 0.987],
      'available, geolocation, verified, reliability',
    )
    return 'a row with exactly these ten names: 111, RTX 3090, 2, 0.61, 96 GB, 412 GB, available, Quebec CA, verified, 0.987'
  }),
  kept('S004-18', async () => {
    const rig = rigOf('vast')
    const { machine } = await rig.running()
    const { instances } = raw(rig, 'GET', `/api/v0/instances/${machine.externalId}/`)
    expectSame(
      [machine.externalId, machine.providerStatus.includes(instances.actual_status)],
      [String(instances.id), true],
      'id, actual_status',
    )
    const reachable = [String(instances.public_ipaddr).trim(), instances.ssh_host]
    expectThat(machine.ssh && reachable.includes(machine.ssh.host), `ssh is ${JSON.stringify(machine.ssh)}`)
    expectThat(
      machine.endpoints.some(({ host }) => host === reachable[0]),
      'public_ipaddr is not where its ports are',
    )
    const mapped = instances.ports?.['22/tcp']?.[0]?.HostPort
    expectThat([Number(instances.ssh_port), Number(mapped)].includes(machine.ssh.port), 'ssh_port')
    return `${machine.externalId} ${machine.providerStatus}, ssh ${machine.ssh.host}:${machine.ssh.port}, ports at ${reachable[0]}`
  }),
  overtaken('vast', 'S004-19', async () => {
    const rig = rigOf('vast')
    const offer = await rig.anOffer('spot')
    const bidPerHour = nanosFromUsd('0.9')
    const { machine } = await rig.running({ offer, bidPerHour })
    const { json } = lastSent(rig, /PUT .*\/asks\//)
    expectSame([json.price, machine.market], [0.9, 'spot'], 'the bid and the market')
    const outright = await rig.launch({ label: 'gf-contract-inst_02-1' })
    expectThat(!('price' in lastSent(rig, /PUT .*\/asks\//).json), 'an outright rental has a bid')
    expectSame((await rig.seen(outright.externalId)).market, 'on_demand', 'the other')
    rig.order('special/outbid', { machine: machine.externalId, factor: 40 })
    await rig.pass(minute)
    expectSame((await rig.seen(machine.externalId)).phase, 'interrupted', 'what is outbid')
    return 'a spot launch bids price 0.9, shows as spot and is interrupted when outbid; an outright one has no price'
  }),
  overtaken('vast', ['S004-20', 'S004-61'], async () => {
    const rig = rigOf('vast')
    const calls = 61
    const began = rig.clock.now()
    for (let call = 0; call < calls; call += 1) await rig.done(rig.provider.look())
    const seconds = (rig.clock.now() - began) / 1000
    const statuses = new Set(rig.simulator.requests.map(({ status }) => status))
    expectSame([...statuses], [200], 'the answers')
    expectThat(seconds >= calls - 1, `61 calls took ${seconds} s`)
    const gaps = rig.simulator.requests.slice(1).map(({ at }, index) => at - (rig.simulator.requests[index]?.at ?? 0))
    return `61 looks one after the other take ${Math.round(seconds)} s, at least ${Math.min(...gaps)} ms apart, and none is refused with 429`
  }),
  kept('S004-21', async () => {
    const rig = rigOf('vast')
    const { machine } = await rig.running()
    rig.fault({ kind: 'late', delayMs: 10 * minute, method: 'PUT', path: '/reboot/' })
    await rig.pass(minute)
    const began = rig.clock.now()
    const { kind, message } = await trouble(rig, rig.provider.restart(machine.externalId))
    const seconds = (rig.clock.now() - began) / 1000
    expectThat(seconds >= 30 && seconds < 31, `it ended after ${seconds} s`)
    expectThat(message.includes('timeout'), message)
    rig.faultless()
    rig.fault({ kind: 'late', delayMs: 10 * minute, path: caseNamed('vast').list.path, times: 1 })
    await rig.done(rig.provider.look())
    return `a hanging restart ends after ${seconds} s as ${kind}: "${message.slice(0, 90)}"; a look is tried again`
  }),
]
