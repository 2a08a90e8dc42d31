import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type ProviderName, providerNames, publicProviderNames } from '../server/src/core/providers.ts'
import { aWorld, type InstanceView, type World } from './world.ts'

const minute = 60_000
/** A sweep, and the looks that it takes to end what it found. */
const soon = 6 * minute
const worlds: (World & { dataDir: string })[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})

async function open(options: Parameters<typeof aWorld>[0]): Promise<World & { dataDir: string }> {
  const world = await aWorld(options)
  worlds.push(world)
  return world
}

const wishes: Record<ProviderName, object> = {
  vast: { gpu_model: 'RTX 4090' },
  runpod: { gpu_model: 'RTX 4090' },
  lambda: { gpu_model: 'A10' },
  paperspace: { gpu_model: 'A4000' },
  novita: { gpu_model: 'RTX 4090' },
}

function calm(world: World): void {
  world.order('vast', 'special/calm')
  world.order('paperspace', 'special/calm')
  world.order('novita', 'special/chances', { calm: true })
}

async function launch(world: World, provider: ProviderName): Promise<string> {
  const wish = {
    ...wishes[provider],
    provider: publicProviderNames[provider],
    market: 'on_demand',
    disk_gb: 50,
    image: 'ubuntu:24.04',
    ssh_public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBPHBBY9g95Ent3NuTSyHmmyYwl0B97xDmIgQ097342Y me@example.com',
  }
  return world.until(async () => {
    // A marketplace whose offers are still being read says so.
    const { status, body } = await world.call('POST', '/api/v1/instances', wish)
    expect([201, 503], JSON.stringify(body)).toContain(status)
    return status === 201 && body.data.id
  }, 2 * minute)
}

const billing = (world: World, provider: ProviderName) =>
  world.simulators[provider].marketplace.machines().filter((machine) => machine.billing)
const report = async (world: World) => (await world.call('GET', '/api/v1/reconciliation')).body.data

test('a machine that appears long after its launch was settled by its absence is found and ended, and is in the ledger', async () => {
  const world = await open({ providers: ['vast'] })
  calm(world)
  // Much longer than the marketplace is known to lag, and the reply is lost: nothing tells of the first machine.
  world.order('vast', 'list-lag', { ms: 20 * minute })
  world.order('vast', 'faults', { kind: 'lose_reply', method: 'PUT', path: '/asks/', times: 1 })
  const id = await launch(world, 'vast')
  const ready = await world.untilStatus(id, 'ready', 15 * minute)
  expect(ready.attempt).toBe(2)
  expect(billing(world, 'vast')).toHaveLength(2)

  await world.until(async () => billing(world, 'vast').length === 1, 20 * minute + soon)
  await world.pass(soon)
  expect(billing(world, 'vast').map(({ label }) => label)).toEqual([expect.stringMatching(/-2$/)])
  expect((await world.instance(id)).status).toBe('ready')
  const events = (await world.call('GET', `/api/v1/instances/${id}/events`)).body.data
  expect(events.map((event: { kind: string }) => event.kind)).toEqual(
    expect.arrayContaining(['stray_found', 'leftover_gone']),
  )
  const { charges } = (await world.call('GET', `/api/v1/instances/${id}/costs`)).body.data
  expect(new Set(charges.map((charge: { attempt: number }) => charge.attempt))).toEqual(new Set([1, 2]))
  expect((await report(world)).totals).toMatchObject({ machines: 1, unexplained: 0 })
})

test('on an empty database the same installation finds its machines again at all five, and ends them when asked', async () => {
  const lost = await open({})
  calm(lost)
  const ids: string[] = []
  for (const provider of providerNames) ids.push(await launch(lost, provider))
  for (const id of ids) await lost.untilStatus(id, 'ready', 40 * minute)

  const dataDir = mkdtempSync(join(tmpdir(), 'gpufleet-'))
  const world = await open({ after: { ...lost, dataDir } })
  const list = async (): Promise<InstanceView[]> => (await world.call('GET', '/api/v1/instances')).body.data
  await world.until(async () => (await list()).filter(({ status }) => status === 'ready').length === 5, soon)
  const adopted = await list()
  expect(adopted.map((one) => one.id).sort()).toEqual([...ids].sort())
  for (const one of adopted) {
    expect(one).toMatchObject({ image: 'unknown', wanted: 'up' })
    expect(Number(one.price_per_hour_usd), one.provider).toBeGreaterThan(0)
    expect(Number(one.cost_per_hour_usd), one.provider).toBeGreaterThan(0)
  }
  const { findings, totals, accounts } = await report(world)
  expect(totals).toMatchObject({ unexplained: 0, unexplained_per_hour_usd: '0', foreign: 0 })
  expect(accounts.map((one: { error: string | null }) => one.error)).toEqual(Array(5).fill(null))
  expect(findings.every((one: { verdict: string }) => one.verdict === 'wanted')).toBe(true)

  for (const id of ids) expect((await world.call('DELETE', `/api/v1/instances/${id}`)).status).toBe(200)
  for (const id of ids) await world.untilStatus(id, 'terminated', 20 * minute)
  await world.pass(soon)
  for (const provider of providerNames) expect(billing(world, provider)).toEqual([])
  expect((await report(world)).findings).toEqual([])
})

const kinds: Record<ProviderName, string> = {
  vast: 'volume',
  runpod: 'volume',
  lambda: 'filesystem',
  paperspace: 'drive',
  novita: 'volume',
}

test('what bills beside machines is ended when it carries the name of a launch that has ended, and lives on otherwise', async () => {
  const world = await open({})
  calm(world)
  const ids: string[] = []
  for (const provider of providerNames) ids.push(await launch(world, provider))
  for (const id of ids) await world.untilStatus(id, 'ready', 40 * minute)
  for (const [at, provider] of providerNames.entries()) {
    const { label } = (await world.instance(ids[at] as string)).provider_data
    for (const name of [label, 'my-data']) {
      world.order(provider, 'special/foreign-thing', { kind: kinds[provider], name })
    }
  }
  const names = (provider: ProviderName) =>
    world.simulators[provider].marketplace
      .things()
      .filter(({ billing }) => billing)
      .map(({ name }) => name)
  await world.pass(soon)
  for (const provider of providerNames) expect(names(provider), provider).toHaveLength(2)

  for (const id of ids) await world.call('DELETE', `/api/v1/instances/${id}`)
  for (const id of ids) await world.untilStatus(id, 'terminated', 20 * minute)
  await world.pass(2 * soon)
  for (const provider of providerNames) expect(names(provider), provider).toEqual(['my-data'])
  const { findings, totals } = await report(world)
  expect(findings.map((one: { label: string; verdict: string }) => `${one.label} ${one.verdict}`)).toEqual(
    Array(5).fill('my-data foreign'),
  )
  expect(totals.unexplained).toBe(0)
})

test('the machines of others on the same account are shown with their price and live on', async () => {
  const world = await open({})
  calm(world)
  const theirs: { provider: ProviderName; machine: string }[] = []
  for (const provider of providerNames) {
    const { machine } = world.order(provider, 'foreign-machine', { label: 'somebody else' }) as { machine: string }
    theirs.push({ provider, machine })
  }
  await world.pass(20 * minute)
  const { findings, totals } = await report(world)
  for (const { provider, machine } of theirs) {
    const name = publicProviderNames[provider]
    expect(findings).toContainEqual(
      expect.objectContaining({ provider: name, kind: 'machine', id: machine, verdict: 'foreign' }),
    )
    expect(world.simulators[provider].marketplace.machines().map(({ id }) => id)).toContain(machine)
  }
  expect(totals.unexplained).toBe(0)
  expect(Number(totals.foreign_per_hour_usd)).toBeGreaterThan(0)
})

test('one of them can be taken over, and ended', async () => {
  const world = await open({ providers: ['vast'] })
  calm(world)
  const { machine } = world.order('vast', 'foreign-machine', { label: null }) as { machine: string }
  await world.pass(minute)
  const adopt = () => world.call('POST', '/api/v1/instances/adopt', { provider: 'vast', machine_id: machine })
  const { status, body } = await adopt()
  expect(status, JSON.stringify(body)).toBe(201)
  expect((await adopt()).body.details.instance_id).toBe(body.data.id)
  await world.untilStatus(body.data.id, 'ready', 10 * minute)
  await world.call('DELETE', `/api/v1/instances/${body.data.id}`)
  await world.untilStatus(body.data.id, 'terminated', 20 * minute)
  expect(billing(world, 'vast')).toEqual([])
})

test('VAST_INSTANCE_ID names one that is taken over at the start', async () => {
  const before = await open({ providers: ['vast'] })
  calm(before)
  const { machine } = before.order('vast', 'foreign-machine', { label: 'by hand' }) as { machine: string }
  await before.pass(minute)
  const world = await open({ providers: ['vast'], after: before, settings: { VAST_INSTANCE_ID: machine } })
  await world.pass(3 * minute)
  const instances = (await world.call('GET', '/api/v1/instances')).body.data
  expect(instances).toMatchObject([{ provider_id: machine }])
})
