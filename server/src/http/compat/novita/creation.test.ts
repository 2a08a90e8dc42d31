import { afterEach, describe, expect, test } from 'vitest'
import type { ProjectName } from '../../../core/instances/instance.ts'
import { nanosFromUsd } from '../../../core/money.ts'
import type { NovitaRequest } from '../../../core/novita-face/request.ts'
import { anOffer } from '../../../core/offers/an-offer.ts'
import { providerPenalty } from '../../../core/offers/wish-plan.ts'
import type { ProviderTemplate } from '../../../providers/provider.ts'
import { anInstanceId } from '../../../testing/builders.ts'
import { fakeProvider } from '../../../testing/fake-provider.ts'
import { type HttpWorld, httpWorld, type WorldOptions } from '../../../testing/http-world.ts'
import { virtualClock } from '../../../testing/virtual-clock.ts'

let world: HttpWorld
afterEach(() => world.close())

const minimal = { name: 'one', productName: 'RTX 4090 24GB', templateId: 'jupyter' }
const atNovita = anOffer({
  provider: 'novita',
  externalId: '4090|cn-hongkong-1|1',
  market: 'spot',
  location: 'CN-HK-01 (Hong Kong)',
  region: 'asia-east',
  placeKey: 'novita:1',
  gpu: { spelling: 'RTX 4090 24GB' },
})
const theirs: ProviderTemplate = {
  name: 'trainer',
  image: 'ghcr.io/acme/trainer:1',
  registryAuth: null,
  environment: {},
  ports: [],
  diskGb: null,
  startCommand: null,
}

async function open({ template, ...options }: WorldOptions & { template?: Partial<ProviderTemplate> } = {}) {
  const clock = virtualClock()
  const novita = fakeProvider({ clock, name: 'novita' })
  Object.assign(novita, { template: async () => ({ ...theirs, ...template }) })
  const providers = [novita, fakeProvider({ clock, name: 'vast' })]
  world = await httpWorld({ offers: [atNovita], providers, ...options })
}

async function settledRequest(change: Partial<NovitaRequest>): Promise<void> {
  const now = world.clock.now()
  await world.novitaRequests.add({
    instanceId: anInstanceId(1),
    name: 'one',
    productName: 'RTX 4090 24GB',
    templateId: 'jupyter',
    region: 'CN-HK-01',
    webhookUrl: null,
    madeAt: now,
    deadlineAt: now + 600_000,
    outcome: null,
    outcomeAt: null,
    message: null,
    endAskedAt: null,
    toldAt: now,
    ...change,
  })
}

describe('what is rented', () => {
  test('is answered to a retry with the same key while the marketplace is silent, and after a restart', async () => {
    await open()
    const headers = { 'idempotency-key': 'k-1' }
    const { json } = await world.ask('POST', '/api/instances', minimal, headers)
    world.index.removeProvider('novita')
    world.market.warnings = [{ provider: 'novita', kind: 'slow', message: 'Novita has not answered yet' }]
    const again = await world.ask('POST', '/api/instances', minimal, headers)
    expect([again.status, again.json.instanceId]).toEqual([201, json.instanceId])
    expect(await world.novitaRequests.untold(10)).toHaveLength(1)
    expect((await world.ask('POST', '/api/instances', minimal)).status).toBe(503)
  })

  test('keeps its deadline and its webhook when nothing can be read right after', async () => {
    await open()
    const { ofInstances } = world.novitaRequests
    world.novitaRequests.ofInstances = async () => {
      throw new Error('the disk is slow')
    }
    const { status, json } = await world.ask('POST', '/api/instances', minimal)
    world.novitaRequests.ofInstances = ofInstances
    expect([status, json.region]).toEqual([201, 'CN-HK-01'])
    expect((await world.novitaRequests.untold(10)).map((one) => one.instanceId)).toEqual([json.instanceId])
  })
})

describe('NOVITA_FACE_PROVIDER=any with a template of Novita’s', () => {
  const cheapElsewhere = anOffer({ provider: 'vast', market: 'spot', pricePerHour: nanosFromUsd('0.01') })
  const rentedAt = async (template: Partial<ProviderTemplate>) => {
    await open({ template, offers: [atNovita, cheapElsewhere], novita: { provider: 'any' } })
    const { status, json } = await world.ask('POST', '/api/instances', { ...minimal, templateId: '107672' })
    expect(status).toBe(201)
    const { wish } = (await world.instances.get(json.instanceId)) ?? {}
    return [wish?.provider, wish?.expected?.offer.provider]
  }

  test('is run anywhere when it says an image alone', async () => {
    expect(await rentedAt({})).toEqual([null, 'vast'])
  })

  test.each([
    ['a start command', { startCommand: '--model a' }],
    ['a registry login', { registryAuth: { server: 'ghcr.io', username: 'acme', password: 'registry-pass' } }],
  ])('is run at Novita when it has %s', async (_what, template) => {
    expect(await rentedAt(template)).toEqual(['novita', 'novita'])
  })
})

describe('of other projects', () => {
  async function refusedAt(project: string, endedAt: number, message: string): Promise<void> {
    await world.hasInstance(
      { status: 'failed', project: project as ProjectName, endedAt, message },
      { provider: 'novita' },
    )
  }
  async function refusalTold(project: string): Promise<string> {
    world.penalties.set(providerPenalty('novita'), world.clock.now() + 60_000)
    const { headers } = await world.keyOf({ role: 'operator', project })
    const { status, json } = await world.ask('POST', '/api/instances', minimal, headers)
    expect(status).toBe(502)
    return json.error.message
  }

  test('a refusal of Novita is not told, one of the own project is', async () => {
    await open()
    await refusedAt('vision', world.clock.now(), 'quota of vision')
    await refusedAt('speech', world.clock.now(), 'quota of speech')
    expect(await refusalTold('vision')).toMatch(/quota of vision$/)
    expect(await refusalTold('robots')).not.toContain('quota')
  })

  test('nor an older one, which is not why', async () => {
    await open()
    await refusedAt('vision', world.clock.now(), 'quota of vision')
    await world.clock.advance(11 * 60_000)
    expect(await refusalTold('vision')).not.toContain('quota')
  })

  test('nothing is counted in the metrics', async () => {
    await open()
    for (const project of ['vision', 'speech', 'speech']) {
      const { id } = await world.hasInstance(
        { project: project as ProjectName, status: 'ready' },
        { provider: 'novita' },
      )
      await settledRequest({ instanceId: id, outcome: 'ready' })
    }
    const { headers } = await world.keyOf({ role: 'viewer', project: 'vision' })
    const completed = async (as?: Record<string, string>) =>
      (await world.ask('GET', '/api/metrics/summary', undefined, as)).json.data.jobs.completed
    expect([await completed(headers), await completed()]).toEqual([1, 3])
  })
})

describe('what came too late', () => {
  async function late(project: string): Promise<string> {
    const ended = { status: 'terminated', wanted: 'ended', endedAt: world.clock.now() } as const
    const { id } = await world.hasInstance({ ...ended, project: project as ProjectName }, { provider: 'novita' })
    await settledRequest({ instanceId: id, outcome: 'timeout', outcomeAt: world.clock.now() })
    return id
  }
  const listed = async (headers?: Record<string, string>) =>
    (await world.ask('GET', '/api/instances', undefined, headers)).json.instances.map(
      ({ id, status }: { id: string; status: string }) => `${id} ${status}`,
    )

  test('is listed as failed for a day, to its own project', async () => {
    await open()
    const [ours, others] = [await late('vision'), await late('speech')]
    const { headers } = await world.keyOf({ role: 'viewer', project: 'vision' })
    expect(await listed(headers)).toEqual([`${ours} failed`])
    expect((await listed()).sort()).toEqual([`${ours} failed`, `${others} failed`].sort())
    await world.clock.advance(24 * 3_600_000)
    expect(await listed()).toEqual([])
  })

  test('others in any number hide none of one’s own', async () => {
    await open()
    const ours = await late('vision')
    await world.clock.advance(1_000)
    await late('speech')
    const since = world.clock.now() - 60_000
    expect(await world.novitaRequests.late({ since, project: 'vision' as ProjectName, limit: 1 })).toEqual([ours])
  })
})

test('told creations are forgotten, but not those whose instance goes on', async () => {
  await open()
  const gone = await world.hasInstance({ status: 'terminated', wanted: 'ended', endedAt: world.clock.now() })
  const running = await world.hasInstance({ status: 'ready' }, { provider: 'novita' })
  const untold = await world.hasInstance({ status: 'terminated', wanted: 'ended', endedAt: world.clock.now() })
  for (const { id } of [gone, running]) await settledRequest({ instanceId: id })
  await settledRequest({ instanceId: untold.id, toldAt: null })
  const ids = [gone.id, running.id, untold.id]
  const left = async () => [...(await world.novitaRequests.ofInstances(ids)).keys()].sort()

  await world.novitaRequests.prune(world.clock.now())
  expect(await left()).toEqual([...ids].sort())
  await world.novitaRequests.prune(world.clock.now() + 1)
  expect(await left()).toEqual([running.id, untold.id].sort())
})
