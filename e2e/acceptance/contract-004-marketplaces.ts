import { configFrom } from '../../server/src/config/config.ts'
import { usdFromNanos } from '../../server/src/core/money.ts'
import { machineFromGraphql } from '../../server/src/providers/runpod/graphql-mapping.ts'
import { GraphqlPod } from '../../server/src/providers/runpod/graphql-wire.ts'
import { translateGpuType, translateRegion } from '../../server/src/providers/translate.ts'
import { type Check, kept } from './check.ts'
import {
  answering,
  everything,
  fileText,
  lastSent,
  minute,
  overtaken,
  raw,
  rigOf,
  sentLines,
  trouble,
} from './contract-004-kit.ts'
import { expectSame, expectThat, type Lab } from './lab.ts'

/** S004-22 to S004-47: Lambda, RunPod and Paperspace. */
export const checks: readonly Check[] = [
  overtaken('lambda', 'S004-22', async () => {
    expectSame(configFrom({}).providers.lambda.baseUrl, 'https://cloud.lambda.ai', 'the default')
    const old = 'https://cloud.lambdalabs.com'
    expectSame(configFrom({ LAMBDA_API_BASE_URL: old }).providers.lambda.baseUrl, old, 'the old host')
    const rig = rigOf('lambda')
    await rig.anOffer()
    expectThat(
      rig.sent.every(({ url }) => url.startsWith('http://lambda.simulated/api/v1/')),
      'the path',
    )
    return 'default https://cloud.lambda.ai, LAMBDA_API_BASE_URL takes the old host, /api/v1/ behind either'
  }),
  kept(['S004-23', 'S004-24', 'S004-25', 'S004-26'], async () => {
    const rig = rigOf('lambda')
    const { machine } = await rig.running()
    await rig.done(rig.provider.terminate(machine.externalId))
    const base = '/api/v1'
    for (const line of [
      `GET ${base}/instance-types`,
      `POST ${base}/instance-operations/launch`,
      `GET ${base}/instances`,
      `POST ${base}/instance-operations/terminate`,
    ]) {
      expectThat(sentLines(rig).includes(line), `${line} was not sent: ${sentLines(rig).join(', ')}`)
    }
    expectSame(lastSent(rig, /terminate/).json, { instance_ids: [machine.externalId] }, 'what is ended')
    return 'GET /instance-types, POST /instance-operations/launch, GET /instances, POST /instance-operations/terminate'
  }),
  kept('S004-28', async () => {
    const rig = rigOf('lambda')
    answering(rig, '/instance-types', {
      data: {
        gpu_1x_a10: {
          instance_type: {
            name: 'gpu_1x_a10',
            description: '1x A10 (24 GB PCIe)',
            gpu_description: 'A10 (24 GB PCIe)',
            price_cents_per_hour: 45,
            specs: { vcpus: 30, memory_gib: 200, storage_gib: 1400, gpus: 1 },
          },
          regions_with_capacity_available: [
            { name: 'us-east-1', description: 'Virginia, USA' },
            { name: 'us-west-1', description: 'California, USA' },
          ],
        },
      },
    })
    const { offers } = await rig.done(rig.provider.searchOffers(everything))
    expectSame(
      offers.map((one) => [one.externalId, one.gpu.model, usdFromNanos(one.pricePerHour), one.cpuCores, one.region]),
      [
        ['gpu_1x_a10|us-east-1', 'A10', '0.45', 30, 'us-east'],
        ['gpu_1x_a10|us-west-1', 'A10', '0.45', 30, 'us-west'],
      ],
      'the offers',
    )
    return '45 cents, one type, two regions with capacity: two offers of an A10 at 0.45 $/h with 30 vCPUs'
  }),
  overtaken('lambda', 'S004-29', (lab) => withoutMadeUpOffers(lab, 'lambda')),
  kept('S004-30', async (lab) => {
    const rig = rigOf('lambda')
    const spotOnly = await rig.done(rig.provider.searchOffers({ ...everything, markets: ['spot'] }))
    const outright = await rig.done(rig.provider.searchOffers({ ...everything, markets: ['on_demand'] }))
    expectThat(spotOnly.offers.length === 0 && outright.offers.length > 0, 'spot offers at Lambda')
    const world = await lab.world({ providers: ['lambda'] })
    const wish = { provider: 'lambda_labs', gpu_model: 'A10', image: 'x', market: 'spot' }
    const refused = await world.call('POST', '/api/v1/instances', wish)
    expectThat(refused.status >= 400, `a spot launch was answered ${refused.status}`)
    return `spot only: 0 offers beside ${outright.offers.length} outright; a spot launch: ${refused.status} ${refused.body.code}`
  }),
  overtaken('runpod', 'S004-31', async () => {
    const [rest, graphql] = [rigOf('runpod'), rigOf('runpod over GraphQL')]
    for (const rig of [rest, graphql]) await rig.running()
    expectThat(
      sentLines(rest).every((line) => line.includes(' /v2/')),
      `REST: ${sentLines(rest).join(', ')}`,
    )
    expectSame([...new Set(sentLines(graphql))], ['POST /graphql'], 'GraphQL')
    expectSame(configFrom({}).runpodApiVersion, 'v2', 'the default version')
    return 'a machine runs by REST (/v2/… only) and by GraphQL (POST /graphql only); the default is v2'
  }),
  overtaken('runpod', 'S004-32', async () => {
    const rig = rigOf('runpod over GraphQL')
    const { machine } = await rig.running()
    await rig.done(rig.provider.terminate(machine.externalId))
    const said = rig.sent.map(({ body }) => JSON.parse(body ?? '{}').query as string).join('\n')
    for (const name of ['gpuTypes', 'podFindAndDeployOnDemand', 'pods', 'podTerminate']) {
      expectThat(said.includes(name), `${name} was not asked`)
    }
    const other = rigOf('runpod')
    const pod = await other.running()
    await other.done(other.provider.terminate(pod.machine.externalId))
    const lines = sentLines(other)
    expectThat(lines.includes('GET /v2/pods') && lines.includes(`DELETE /v2/pods/${pod.machine.externalId}`), 'REST')
    return 'list, launch, status and end by gpuTypes, podFindAndDeployOnDemand, pods, podTerminate, and by GET, POST, DELETE /v2/pods'
  }),
  overtaken('runpod', 'S004-33', async () => {
    const kinds = await Promise.all(
      ['runpod', 'runpod over GraphQL'].map(async (name) => {
        const rig = rigOf(name)
        const offer = { ...(await rig.anOffer()), market: 'spot' as const }
        const { kind } = await trouble(rig, rig.launch({ offer, bidPerHour: offer.pricePerHour }))
        expectSame(rig.ours(), [], 'what was rented in place of a spot machine')
        return kind
      }),
    )
    expectSame(kinds, ['rejected', 'rejected'], 'a spot launch')
    return 'a spot launch is refused by both APIs before anything is rented, never turned into an on-demand one in silence'
  }),
  overtaken('runpod', 'S004-35', async () => {
    const { provider } = rigOf('runpod')
    const { apiVersion, regions, abilities, billing } = provider.describe()
    expectSame([apiVersion, abilities.hasSpot, billing.stepMs], ['v2', false, 1_000], 'version, spot, billing')
    expectThat(regions.includes('us-east') && regions.includes('us-west'), 'regions')
    for (const gpu of ['RTX4090', 'H100', 'A100']) translateGpuType(provider, gpu)
    return `runpod ${apiVersion}, ${regions.length} regions with us-east and us-west, RTX4090, H100 and A100 sold, billed per second`
  }),
  overtaken('runpod', 'S004-36', async () => {
    const rig = rigOf('runpod')
    await rig.anOffer()
    const ids = raw(rig, 'GET', '/v2/catalog/gpus').gpus.map((gpu: { id: string }) => gpu.id)
    const names = ['RTX4090', 'H100', 'A100'].map((gpu) => translateGpuType(rig.provider, gpu))
    for (const name of names) expectThat(ids.includes(name), `${name} is not in the marketplace's own catalogue`)
    expectThat(!ids.includes('NVIDIA H100'), 'the old name is there')
    return `RTX4090, H100, A100 → ${names.join(', ')}: all ids of its catalogue`
  }),
  overtaken('runpod', 'S004-37', async () => {
    const rig = rigOf('runpod')
    const { offers } = await rig.done(rig.provider.searchOffers(everything))
    const [east, west] = ['us-east', 'us-west'].map((region) => translateRegion(rig.provider, region))
    for (const [theirs, ours] of [
      [east, 'us-east'],
      [west, 'us-west'],
    ] as const) {
      expectSame(rig.provider.regionFrom(theirs ?? ''), ours, `the way back from ${theirs}`)
    }
    const seen = new Set(offers.map(({ region }) => region))
    expectThat(seen.has('us-east') || seen.has('us-west'), `offers are in ${[...seen].join(', ')}`)
    return `us-east → ${east}, us-west → ${west}, and back; offers are in ${[...seen].sort().join(', ')}`
  }),
  overtaken('runpod', 'S004-38', async (lab) => withoutMadeUpOffers(lab, 'runpod')),
  kept('S004-39', async () => {
    const pod = GraphqlPod.parse({
      id: 'pod1',
      name: 'gf-x-inst-1',
      desiredStatus: 'RUNNING',
      costPerHr: 0.38,
      ports: '22/tcp',
      runtime: { ports: [{ ip: '203.0.113.7', isIpPublic: true, privatePort: 22, publicPort: 34446, type: 'tcp' }] },
      machine: { podHostId: 'pod1-64411eb2', gpuCount: 2, gpuDisplayName: 'RTX 4090', memoryInGb: 24, diskInGb: 100 },
    })
    const machine = machineFromGraphql(pod)
    expectSame(
      [machine.externalId, machine.label, machine.phase, machine.ssh?.port, machine.gpu, String(machine.pricePerHour)],
      ['pod1', 'gf-x-inst-1', 'running', 34446, { spelling: 'RTX 4090', count: 2 }, '380000000'],
      'the machine',
    )
    const disk = machine.meters.find(({ kind }) => kind === 'disk')
    // 100 GB at 0.10 dollars per GB and month of 720 hours.
    expectSame(String(disk?.ratePerHour), '13888889', 'the rate of its disk')
    expectSame([pod.machine?.podHostId, pod.machine?.memoryInGb], ['pod1-64411eb2', 24], 'podHostId, memoryInGb')
    return 'a pod with these names: pod1 runs, 2x RTX 4090, 0.38 $/h, ssh from runtime, 100 GB billed as disk, host and memory read'
  }),
  overtaken('paperspace', 'S004-40', async () => {
    expectSame(configFrom({}).providers.paperspace.baseUrl, 'https://api.paperspace.com', 'the default')
    const other = 'https://api.paperspace.io'
    expectSame(configFrom({ PAPERSPACE_API_BASE_URL: other }).providers.paperspace.baseUrl, other, 'another')
    const rig = rigOf('paperspace')
    await rig.anOffer()
    expectThat(
      rig.sent.every(({ url }) => url.startsWith('http://paperspace.simulated/v1/')),
      'the path',
    )
    return 'default https://api.paperspace.com with /v1/; PAPERSPACE_API_BASE_URL takes another'
  }),
  overtaken('paperspace', 'S004-41', async () => {
    const rig = rigOf('paperspace')
    rig.order('special/availability', { available: false, matching: 'V100' })
    const { offers } = await rig.done(rig.provider.searchOffers(everything))
    const asked = sentLines(rig).filter((line) => line === 'GET /v1/machine-availability').length
    const [gone, there] = [offers.filter((one) => !one.available), offers.filter((one) => one.available)]
    expectThat(asked > 10 && there.length > 0, `${asked} questions, ${there.length} offers`)
    expectThat(gone.length > 0 && gone.every((one) => one.gpu.spelling.includes('V100')), 'who is not available')
    return `${asked} questions of availability: ${there.length} machines on sale, ${gone.length} V100 not`
  }),
  overtaken('paperspace', 'S004-42', async () => {
    const rig = rigOf('paperspace')
    const { order } = await rig.launch()
    const { json } = lastSent(rig, /^POST \/v1\/machines$/)
    expectSame([json.name, json.machineType], [order.label, order.offer.gpu.spelling], 'name and type')
    expectSame(
      rig.ours().map(({ label }) => label),
      [order.label],
      'what there is',
    )
    return `POST /v1/machines with ${Object.keys(json).join(', ')}: one machine of that name`
  }),
  overtaken('paperspace', 'S004-43', async () => {
    const rig = rigOf('paperspace')
    const { machine } = await rig.running()
    const { phase } = await rig.seen(machine.externalId)
    lastSent(rig, new RegExp(`^GET /v1/machines/${machine.externalId}$`))
    const nobody = await rig.done(rig.provider.lookAt('psnobodysid1'))
    expectSame([phase, nobody.kind], ['running', 'absent'], 'a machine, and none')
    return `GET /v1/machines/${machine.externalId} says ${phase}; one that nobody has is absent`
  }),
  overtaken('paperspace', 'S004-44', async () => {
    const rig = rigOf('paperspace')
    const { machine } = await rig.running()
    const { externalId: id } = machine
    await rig.done(rig.provider.stop(id))
    lastSent(rig, new RegExp(`^PATCH /v1/machines/${id}/stop$`))
    await rig.until(async () => (await rig.seen(id)).phase === 'stopped', 20 * minute)
    expectThat(
      rig.ours().some(({ billing }) => billing),
      'the disk of a stopped machine bills',
    )
    await rig.done(rig.provider.terminate(id))
    lastSent(rig, new RegExp(`^DELETE /v1/machines/${id}$`))
    await rig.pass(20 * minute)
    expectSame(
      rig.ours().filter(({ billing }) => billing),
      [],
      'what bills after the end',
    )
    return 'PATCH …/stop: stopped, disk billed; DELETE: nothing billed any more'
  }),
  overtaken('paperspace', 'S004-45', async () => {
    const rig = rigOf('paperspace')
    await rig.done(rig.provider.look())
    const { headers } = lastSent(rig, /machines/)
    expectThat(headers.authorization?.startsWith('Bearer ') && !('x-api-key' in headers), 'the headers')
    const stranger = rig.another('key-that-nobody-knows')
    expectSame((await trouble(rig, stranger.look())).kind, 'unauthorized', 'a wrong key')
    return 'Authorization: Bearer, no X-API-Key; a wrong key is unauthorized'
  }),
  overtaken('paperspace', 'S004-46', async (lab) => withoutMadeUpOffers(lab, 'paperspace')),
  overtaken('paperspace', 'S004-47', async () => {
    const rig = rigOf('paperspace')
    const offer = { ...(await rig.anOffer()), market: 'spot' as const }
    const { kind } = await trouble(rig, rig.launch({ offer, bidPerHour: offer.pricePerHour }))
    expectSame([kind, rig.ours().length], ['rejected', 0], 'a spot launch')
    const spotOnly = await rig.done(rig.provider.searchOffers({ ...everything, markets: ['spot'] }))
    expectSame(spotOnly.offers, [], 'spot offers')
    return 'spot only: no offers; a spot launch is refused before anything is rented, never made an outright one'
  }),
]

/** What the made-up offers were for: a market to try things on without an account. */
async function withoutMadeUpOffers(_lab: Lab, name: 'lambda' | 'runpod' | 'paperspace'): Promise<string> {
  const rig = rigOf(name)
  const { offers } = await rig.done(rig.provider.searchOffers(everything))
  const fit = offers.filter((one) => one.available && one.pricePerHour > 0n && one.gpu.memoryGb > 0)
  expectThat(fit.length > 0, 'no offer has price, memory and availability')
  const [first] = fit
  const { offers: same } = await rig.done(
    rig.provider.searchOffers({ ...everything, models: [first?.gpu.model ?? ''] }),
  )
  expectThat(
    same.some((one) => one.externalId === first?.externalId),
    'it is not found by its GPU',
  )
  const client = ['provider.ts', 'client.ts', 'offers.ts'].map((file) =>
    fileText(`server/src/providers/${name}/${file}`),
  )
  expectThat(!client.join('').includes('offer-123'), 'the client holds made-up data')
  return `its simulator offers ${fit.length} machines without an account, such as ${first?.gpu.model} at ${usdFromNanos(first?.pricePerHour ?? (0n as never))} $/h`
}
