import { afterEach, expect, test } from 'vitest'
import type { InstanceId } from '../../core/instances/instance.ts'
import type { Status } from '../../core/instances/status.ts'
import type { DeliveryResult } from '../../core/webhooks/webhook.ts'
import { collectingLog } from '../../observability/collecting-log.ts'
import type { WebhookMessage } from '../../outbound/webhook-sender.ts'
import { aLaunch, anEntry, anEvent, anInstance, anInstanceId } from '../../testing/builders.ts'
import { testStores } from '../../testing/database.ts'
import { virtualClock } from '../../testing/virtual-clock.ts'
import { createNovitaNotifier } from './notify-novita-webhooks.ts'

let closing = async () => {}
afterEach(() => closing())

async function setup() {
  const stores = await testStores()
  closing = () => stores.database.destroy()
  const clock = virtualClock()
  const log = collectingLog()
  const told: WebhookMessage[] = []
  const ended: InstanceId[] = []
  const scene = {
    ...stores,
    clock,
    log,
    told,
    ended,
    answer: async (): Promise<DeliveryResult> => ({ kind: 'delivered', status: 200 }),
    /** A process of its own on the same database. */
    notifier: () =>
      createNovitaNotifier({
        ...stores,
        requests: stores.novitaRequests,
        endInstance: async (id) => void ended.push(id),
        send: async (message) => {
          told.push(message)
          return scene.answer()
        },
        secret: () => 'a-webhook-secret',
        clock,
        log,
      }),
    async creation(webhookUrl: string | null = 'https://example.com/hook?key=secret') {
      const id = anInstanceId(1)
      await stores.novitaRequests.add({
        instanceId: id,
        name: 'one',
        productName: 'RTX 4090 24GB',
        templateId: '101',
        region: 'CN-HK-01',
        webhookUrl,
        madeAt: clock.now(),
        deadlineAt: clock.now() + 600_000,
        outcome: null,
        outcomeAt: null,
        message: null,
        endAskedAt: null,
        toldAt: null,
      })
      await stores.instances.add(
        anEntry({ instance: anInstance({ id, status: 'requested', launch: null, createdAt: clock.now() }) }),
      )
      return id
    },
    ready: (id: InstanceId) => stores.activity.note(id, { readyAt: clock.now() }),
    /** What the worker wrote down of its machine just now. */
    async seen(status: Status) {
      const [claim] = await stores.instances.claimDue(clock.now(), { limit: 1, forMs: 0 })
      if (claim === undefined) throw new Error('it is not due')
      const now = clock.now()
      const decided = { status, because: 'asked', message: null, statusSince: now, endedAt: null } as const
      const due = { ...decided, dueAt: now + 30_000 }
      const known = (await stores.instances.get(claim.id))?.launch
      if (known == null) {
        const launch = aLaunch({ instanceId: claim.id, externalId: 'm-1', lastSeenAt: now })
        await stores.instances.recordIntent(claim, launch, due, [])
      }
      await stores.instances.recordDecision(claim, { ...due, launch: { lastSeenAt: now } }, [])
    },
    async requestOf(id: InstanceId) {
      return (await stores.novitaRequests.ofInstances([id])).get(id)
    },
  }
  return scene
}

async function round(notifier: ReturnType<typeof createNovitaNotifier>, clock: ReturnType<typeof virtualClock>) {
  await notifier.run()
  await clock.drive(notifier.idle())
}

test('nothing is told while it comes up; once ready it is told, once', async () => {
  const scene = await setup()
  const id = await scene.creation()
  const notifier = scene.notifier()
  await round(notifier, scene.clock)
  expect(scene.told).toEqual([])
  await scene.ready(id)
  await round(notifier, scene.clock)
  await round(notifier, scene.clock)
  expect(scene.told).toHaveLength(1)
  expect(JSON.parse(scene.told[0]?.body ?? '')).toMatchObject({
    event: 'instance.ready',
    instanceId: id,
    status: 'running',
  })
})

test('who dies before the receiver has answered tells it again, with the same words', async () => {
  const scene = await setup()
  const id = await scene.creation()
  await scene.ready(id)
  scene.answer = () => new Promise(() => {})
  await scene.notifier().run()
  scene.answer = async () => ({ kind: 'delivered', status: 200 })
  await scene.clock.advance(60_000)
  await round(scene.notifier(), scene.clock)
  const [first, second] = scene.told
  expect(second?.body).toBe(first?.body)
  expect((await scene.requestOf(id))?.toldAt).not.toBeNull()
})

test('what comes up too late is ended before anybody hears of it, also by who died in between', async () => {
  const scene = await setup()
  const id = await scene.creation()
  await scene.novitaRequests.recordOutcome(
    id,
    'timeout',
    'Instance failed to start within 10 minutes',
    scene.clock.now(),
  )
  await round(scene.notifier(), scene.clock)
  expect(scene.ended).toEqual([id])
  expect(JSON.parse(scene.told[0]?.body ?? '')).toMatchObject({
    event: 'instance.failed',
    error: { code: 'STARTUP_TIMEOUT' },
  })
  await round(scene.notifier(), scene.clock)
  expect(scene.ended).toEqual([id])
})

test('a receiver that refuses for good is not asked again, and its address is in no log', async () => {
  const scene = await setup()
  const id = await scene.creation()
  await scene.ready(id)
  scene.answer = async () => ({ kind: 'failed', status: 400, error: 'HTTP 400', final: true })
  const notifier = scene.notifier()
  await round(notifier, scene.clock)
  await round(notifier, scene.clock)
  expect(scene.told).toHaveLength(1)
  expect(scene.log.lines).toMatchObject([{ level: 'error', fields: { instanceId: id, because: 'HTTP 400' } }])
  expect(JSON.stringify(scene.log.lines)).not.toContain('key=secret')
})

test('a creation without a webhook is settled all the same; one that was never made is forgotten', async () => {
  const scene = await setup()
  const id = await scene.creation(null)
  await scene.ready(id)
  const orphan = anInstanceId(2)
  const request = await scene.requestOf(id)
  if (request === undefined) throw new Error('it is gone')
  await scene.novitaRequests.add({ ...request, instanceId: orphan })
  await scene.clock.advance(10 * 60_000)
  await round(scene.notifier(), scene.clock)
  expect(scene.told).toEqual([])
  expect((await scene.requestOf(id))?.toldAt).not.toBeNull()
  expect(await scene.requestOf(orphan)).toBeUndefined()
})

test('the address is sealed in the database', async () => {
  const scene = await setup()
  await scene.creation()
  const rows = await scene.database.selectFrom('novita_requests').selectAll().execute()
  expect(JSON.stringify(rows)).not.toContain('key=secret')
})

test('a machine that nobody has looked at since its deadline is not ended; one that is looked at and not up is', async () => {
  const scene = await setup()
  await scene.creation()
  await scene.seen('starting')
  await scene.clock.advance(12 * 60_000)
  const notifier = scene.notifier()
  await round(notifier, scene.clock)
  expect([scene.ended, scene.told]).toEqual([[], []])
  await scene.seen('starting')
  await round(notifier, scene.clock)
  expect(scene.ended).toHaveLength(1)
  expect(JSON.parse(scene.told[0]?.body ?? '').error.code).toBe('STARTUP_TIMEOUT')
})

test('what came up while the server was down is ready, not late', async () => {
  const scene = await setup()
  await scene.creation()
  await scene.seen('starting')
  await scene.clock.advance(12 * 60_000)
  const notifier = scene.notifier()
  await round(notifier, scene.clock)
  await scene.seen('ready')
  await round(notifier, scene.clock)
  expect(scene.ended).toEqual([])
  expect(JSON.parse(scene.told[0]?.body ?? '').event).toBe('instance.ready')
})

test('at its deadline it is looked at without waiting for the next look, once', async () => {
  const scene = await setup()
  const id = await scene.creation()
  const notifier = scene.notifier()
  await scene.clock.advance(10 * 60_000 - 5_000)
  await scene.seen('starting')
  await scene.clock.advance(5_000)
  const due = async () =>
    (await scene.instances.claimDue(scene.clock.now(), { limit: 1, forMs: 0 })).map((one) => one.id)
  expect(await due()).toEqual([])
  await round(notifier, scene.clock)
  const [claim] = await scene.instances.claimDue(scene.clock.now(), { limit: 1, forMs: 0 })
  if (claim === undefined) throw new Error('it is not due')
  expect(claim.id).toBe(id)
  await scene.instances.release(claim, scene.clock.now() + 30_000)
  await round(notifier, scene.clock)
  expect(await due()).toEqual([])
})

test('one that was ready and has gone down before anybody was told is ready, whatever policies it has', async () => {
  const scene = await setup()
  const id = await scene.creation()
  await scene.events.record([anEvent({ instanceId: id, kind: 'status', status: 'ready', at: scene.clock.now() })])
  await scene.clock.advance(60_000)
  await scene.seen('interrupted')
  await scene.clock.advance(10 * 60_000)
  await scene.seen('interrupted')
  await round(scene.notifier(), scene.clock)
  expect(scene.ended).toEqual([])
  expect(JSON.parse(scene.told[0]?.body ?? '').event).toBe('instance.ready')
})
