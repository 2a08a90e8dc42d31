import { describe, expect, test } from 'vitest'
import type { LaunchOrder } from '../provider.ts'
import { cases } from './cases.ts'
import { anOrder, aRig, everythingIn, onstart, publicKey, token } from './rig.ts'

describe.each(cases)('$name', (marketplace) => {
  test('a launch shows by its label, runs in time, and can be reached', async () => {
    const rig = aRig(marketplace)
    const { abilities } = rig.provider.describe()
    const { externalId, order } = await rig.launch()
    expect(externalId).not.toBe('')

    const first = await rig.until(async () => {
      const { machines, at } = await rig.done(rig.provider.look())
      expect(at).toBeLessThanOrEqual(rig.clock.now())
      return machines.find(({ label }) => label === order.label)
    }, abilities.listLagMs)
    expect(first.externalId).toBe(externalId)

    const machine = await rig.until(async () => {
      const { machines } = await rig.done(rig.provider.look())
      return machines.find((one) => one.externalId === externalId && one.phase === 'running' && one.ssh !== null)
    }, abilities.startDeadlineMs)
    expect(machine).toMatchObject({ label: order.label, market: 'on_demand', reclaimAt: null })
    expect(machine.gpu?.count).toBe(order.offer.gpu.count)
    // RunPod's GraphQL does not tell where its offers are.
    if (order.offer.region !== 'any') expect(machine.region).toBe(order.offer.region)
    expect(machine.pricePerHour, 'the price of the offer').toBe(order.offer.pricePerHour)
    expect(machine.providerStatus).not.toBe('')
    expect(machine.ssh?.port).toBeGreaterThan(0)
    expect(machine.ssh?.user).not.toBe('')
    const endpoint = machine.endpoints.find(({ containerPort }) => containerPort === 8000)
    expect(endpoint, JSON.stringify(machine.endpoints)).toBeDefined()
    expect(endpoint?.host).not.toBe('')
    if (abilities.ports === 'direct') expect(endpoint?.port).toBe(8000)
    if (machine.gpuUtilisation !== null) expect(abilities.reportsUtilisation).toBe(true)
    if (machine.createdAt !== null) expect(machine.createdAt).toBeLessThanOrEqual(rig.clock.now())
    expect(rig.ours()).toHaveLength(1)
  })

  test('a process that has just started sees the same machine', async () => {
    const rig = aRig(marketplace)
    const { machine } = await rig.running()
    const { machines } = await rig.done(rig.another().look())
    const again = machines.find(({ externalId }) => externalId === machine.externalId)
    expect(again).toMatchObject({ label: machine.label, phase: 'running', pricePerHour: machine.pricePerHour })
    expect(again?.endpoints).toEqual(machine.endpoints)
  })

  test('variables, ports, key and script reach the machine', async () => {
    const rig = aRig(marketplace)
    const { externalId } = await rig.launch({
      onstartScript: marketplace.lacks.includes('onstartScript') ? null : onstart,
      environment: { HF_TOKEN: token, ODD: `it's "quoted" $HOME` },
      ports: [
        { containerPort: 8000, protocol: 'tcp' },
        { containerPort: 9090, protocol: 'http' },
      ],
    })
    const inside = everythingIn(rig, externalId, marketplace)
    expect(inside).toContain(`HF_TOKEN=${token}`)
    expect(inside).toContain('ODD=')
    expect(inside).toMatch(/\b8000\b/)
    expect(inside).toMatch(/\b9090\b/)
    expect(inside).toContain(publicKey.split(' ')[1])
    if (!marketplace.lacks.includes('onstartScript')) expect(inside).toContain(onstart)
  })

  test('an order without key, script, variables and ports is fine, or says what is missing', async () => {
    const rig = aRig(marketplace)
    const offer = await rig.anOffer()
    const bare = anOrder(offer, { sshPublicKey: null, environment: {}, ports: [] })
    if (marketplace.name === 'lambda') {
      // Lambda wants a key for every machine, and this account has none of its own (lambda.md 2.3).
      expect((await rig.failure(rig.provider.launch(bare))).kind).toBe('rejected')
      expect(rig.ours()).toEqual([])
      return
    }
    await rig.done(rig.provider.launch(bare))
    expect(rig.ours()).toHaveLength(1)
  })

  test('a label of 60 characters comes back whole', async () => {
    const rig = aRig(marketplace)
    const label = 'gf-installation1-inst_0123456789abcdefghijklmnopqrstuvwxyz-1'
    expect(label).toHaveLength(60)
    const { externalId } = await rig.launch({ label })
    await rig.until(async () => {
      const { machines } = await rig.done(rig.provider.look())
      return machines.find((one) => one.externalId === externalId && one.label === label)
    }, rig.provider.describe().abilities.listLagMs)
  })

  test('what was sold out meanwhile is no_capacity, and nothing is left behind', async () => {
    const rig = aRig(marketplace)
    const offer = await rig.anOffer()
    rig.order('sell-out', marketplace.sellOut)
    expect(await rig.failure(rig.provider.launch(anOrder(offer)))).toEqual({ kind: 'no_capacity' })
    expect(rig.ours()).toEqual([])
    expect(rig.bill().filter(({ endedAt }) => endedAt === null)).toEqual([])
    // The next order works.
    await rig.launch({ offer: await rig.anOffer() })
    expect(rig.ours()).toHaveLength(1)
  })

  test('a private image brings its login', async () => {
    const rig = aRig(marketplace)
    const registryAuth = { server: 'ghcr.io', username: 'acme', password: 'ghp_contract_registry_password' }
    const order = anOrder(await rig.anOffer(), { image: 'ghcr.io/acme/model:1', registryAuth })
    if (marketplace.lacks.includes('registryAuth')) {
      expect((await rig.failure(rig.provider.launch(order))).kind).toBe('rejected')
      return
    }
    const { externalId } = await rig.done(rig.provider.launch(order))
    expect(rig.ours()).toHaveLength(1)
    expect(everythingIn(rig, externalId, marketplace)).not.toContain('undefined')
  })

  test('what it cannot do is rejected before anything is made', async () => {
    const rig = aRig(marketplace)
    const offer = await rig.anOffer()
    const orders: Partial<LaunchOrder>[] = [
      { sshPublicKey: 'not a key' },
      { sshPublicKey: `${publicKey}\ncommand="rm -rf /" ${publicKey}` },
      { ports: [{ containerPort: 0, protocol: 'tcp' }] },
      { ports: [{ containerPort: 65_536, protocol: 'tcp' }] },
      ...(rig.provider.describe().abilities.udpPorts
        ? []
        : [{ ports: [{ containerPort: 5000, protocol: 'udp' as const }] }]),
      ...marketplace.lacks.map((lack) =>
        lack === 'onstartScript'
          ? { onstartScript: onstart }
          : { registryAuth: { server: null, username: 'acme', password: 'secret-password' } },
      ),
    ]
    for (const changes of orders) {
      const failure = await rig.failure(rig.provider.launch(anOrder(offer, changes)))
      expect(failure.kind, JSON.stringify(changes)).toBe('rejected')
    }
    expect(rig.ours()).toEqual([])
  })

  test('spot is rented as spot where it exists, and refused elsewhere', async () => {
    const rig = aRig(marketplace)
    const { abilities } = rig.provider.describe()
    if (!abilities.hasSpot) {
      const offer = { ...(await rig.anOffer()), market: 'spot' as const }
      expect((await rig.failure(rig.provider.launch(anOrder(offer)))).kind).toBe('rejected')
      expect(rig.ours()).toEqual([])
      return
    }
    const offer = await rig.anOffer('spot')
    const bidPerHour = abilities.hasBids ? offer.pricePerHour : null
    const { machine } = await rig.running({ offer, bidPerHour })
    expect(machine.market).toBe('spot')
    expect(machine.pricePerHour).toBe(offer.pricePerHour)
    if (!abilities.hasBids) return
    // Without a bid it would be rented outright at the higher price.
    const other = await rig.anOffer('spot')
    const withoutBid = anOrder(other, { label: 'gf-contract-inst_03-1' })
    expect((await rig.failure(rig.provider.launch(withoutBid))).kind).toBe('rejected')
    expect(rig.ours()).toHaveLength(1)
  })
})
