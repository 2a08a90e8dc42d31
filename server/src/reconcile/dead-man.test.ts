import { beforeEach, expect, test } from 'vitest'
import { stopInstance } from '../app/instances.ts'
import { noPolicies } from '../core/instances/instance.ts'
import { hourMs, minuteMs } from '../core/time.ts'
import type { LaunchOrder } from '../providers/provider.ts'
import { anInstanceId, someone } from '../testing/builders.ts'
import { type FakeProvider, fakeProvider } from '../testing/fake-provider.ts'
import { aReconciler, type Reconciler } from '../testing/reconciler.ts'
import { type VirtualClock, virtualClock } from '../testing/virtual-clock.ts'

let clock: VirtualClock
let vast: FakeProvider
let fleet: Reconciler
let ordered: LaunchOrder[]

async function world(possible: boolean, publicUrl: string | undefined = 'https://fleet.example.com') {
  clock = virtualClock()
  ordered = []
  vast = fakeProvider({ clock, abilities: { deadMan: { possible, why: 'it has no key of its own' } } })
  vast.before.launch = (_what, order) => void ordered.push(order as LaunchOrder)
  const deadMan = {
    publicUrl,
    apiOriginOf: () => 'https://console.vast.ai',
    tokenFor: (label: string) => `${label}.signed`,
  }
  fleet = await aReconciler({ clock, providers: [vast], deadMan, ownSshKey: () => 'ssh-ed25519 OURS gpufleet' })
}
beforeEach(() => world(true))

const policies = { ...noPolicies, deadManMs: 6 * hourMs }
const warnings = async () => (await fleet.stores.events.list({ limit: 99 })).filter(({ kind }) => kind === 'warning')

test('the switch stands in front of the user’s script, with a token for this launch, and is written down', async () => {
  fleet.deps.instances.secretsOf = async () => ({
    environment: {},
    registryAuth: null,
    onstartScript: 'python train.py',
  })
  await fleet.wish({ policies, sshPublicKey: 'ssh-ed25519 AAAA' })
  const { launch } = await fleet.until('ready', minuteMs)

  const script = ordered[0]?.onstartScript ?? ''
  expect(script).toContain(`https://fleet.example.com/api/dead-man/${launch?.label}.signed`)
  expect(script.endsWith('\npython train.py')).toBe(true)
  expect(launch).toMatchObject({ deadManMs: 6 * hourMs })
  expect(await warnings()).toEqual([])
})

test('where it is not possible the machine is rented without, and people are told why', async () => {
  await world(false)
  await fleet.wish({ policies, sshPublicKey: 'ssh-ed25519 AAAA' })
  const { launch } = await fleet.until('ready', minuteMs)

  expect(ordered[0]).toMatchObject({ onstartScript: null })
  expect(launch).toMatchObject({ deadManMs: null })
  expect(await warnings()).toMatchObject([{ message: expect.stringContaining('it has no key of its own') }])
})

test('a machine for which none was asked gets none', async () => {
  await fleet.wish({ sshPublicKey: 'ssh-ed25519 AAAA' })
  await fleet.until('ready', minuteMs, anInstanceId())
  expect(ordered[0]).toMatchObject({ onstartScript: null, furtherSshKeys: [] })
})

test('our own key goes onto machines with a checkpoint, and no others', async () => {
  const checkpoint = { command: 'save', timeoutMs: minuteMs }
  await fleet.wish({ policies: { ...noPolicies, checkpoint }, sshPublicKey: 'ssh-ed25519 AAAA' })
  await fleet.until('ready', minuteMs)
  expect(ordered[0]).toMatchObject({ sshPublicKey: 'ssh-ed25519 AAAA', furtherSshKeys: ['ssh-ed25519 OURS gpufleet'] })
})

test('a switch that never reached us is told of once, a quarter of an hour after the machine came up', async () => {
  await fleet.wish({ policies, sshPublicKey: 'ssh-ed25519 AAAA' })
  await fleet.until('ready', minuteMs)
  await fleet.pass(14 * minuteMs, 10_000)
  expect(await warnings()).toEqual([])
  await fleet.pass(2 * 60 * minuteMs, 10_000)
  expect(await warnings()).toMatchObject([
    { message: expect.stringContaining('has not reached us'), data: { dead_man: 'not_heard', machine: 'vast-1' } },
  ])
})

test('nothing is told of one that asked, of a machine that has none, and while the machine is down', async () => {
  await fleet.wish({ policies, sshPublicKey: 'ssh-ed25519 AAAA' })
  const { launch } = await fleet.until('ready', minuteMs)
  if (launch !== null) await fleet.stores.launches.recordFacts(launch, { deadManHeardAt: clock.now() })
  const plain = anInstanceId(2)
  await fleet.wish({ sshPublicKey: 'ssh-ed25519 AAAA' }, plain)
  await fleet.until('ready', minuteMs, plain)
  const down = anInstanceId(3)
  await fleet.wish({ policies, sshPublicKey: 'ssh-ed25519 AAAA' }, down)
  await fleet.until('ready', minuteMs, down)
  await stopInstance(down, someone, fleet.deps)
  await fleet.pass(60 * minuteMs, 10_000)
  expect(await warnings()).toEqual([])
})
