import { afterEach, beforeEach, expect, test } from 'vitest'
import { createBell } from '../core/bell.ts'
import { createGpuCatalogue } from '../core/gpus/catalogue.ts'
import { collectingLog } from '../observability/collecting-log.ts'
import { aMachine, anInstanceId, installation } from '../testing/builders.ts'
import { type TestStores, testStores } from '../testing/database.ts'
import { type FakeProvider, failure, fakeProvider } from '../testing/fake-provider.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { adoptionOf } from './adopt-named-machine.ts'
import { reconcileNow, reconciliation } from './reconciliation.ts'

let stores: TestStores
let vast: FakeProvider
const log = collectingLog()
const clock = virtualClock()
beforeEach(async () => {
  stores = await testStores()
  vast = fakeProvider({ clock })
  log.lines.length = 0
})
afterEach(() => stores.close())

const adoption = (accounts = [vast]) =>
  adoptionOf({ provider: 'vast', machineId: '12345' }, 'VAST_INSTANCE_ID', {
    ...stores,
    providers: { all: () => accounts, find: () => vast },
    keyMarkOf: () => 'test-key',
    gpus: createGpuCatalogue(),
    installation,
    newInstanceId: () => anInstanceId(),
    clock,
    bell: createBell(),
    log,
  })

test('the named machine is taken over as soon as its marketplace shows it; trouble is said once', async () => {
  const tryIt = adoption()
  vast.before.lookAt = () => {
    throw failure('vast', { kind: 'unavailable' }, 'it is down')
  }
  await tryIt()
  await tryIt()
  expect(log.lines.map(({ level }) => level)).toEqual(['error'])

  vast.before.lookAt = () => {}
  await tryIt()
  expect(log.lines.at(-1)?.event).toContain('shows no machine 12345')

  vast.machines.set('12345', aMachine({ externalId: '12345', label: 'by hand' }))
  await tryIt()
  expect((await stores.instances.get(anInstanceId()))?.launch?.externalId).toBe('12345')
  vast.calls.length = 0
  await tryIt()
  expect(vast.calls).toEqual([])
})

test('one that is known already is fine, after a restart', async () => {
  vast.machines.set('12345', aMachine({ externalId: '12345', label: 'by hand' }))
  await adoption()()
  const again = adoption()
  await again()
  await again()
  expect(log.lines.map(({ level }) => level)).toEqual(['info'])
  expect(vast.calls.filter((call) => call.startsWith('lookAt'))).toHaveLength(2)
})

test('an account that does not answer does not hide a machine of the other one', async () => {
  vast.before.lookAt = () => {
    throw failure('vast', { kind: 'unauthorized' }, 'the key was revoked')
  }
  const second = fakeProvider({ clock })
  second.machines.set('12345', aMachine({ externalId: '12345', label: 'by hand' }))
  await adoption([vast, second])()
  expect((await stores.instances.get(anInstanceId()))?.launch?.externalId).toBe('12345')
})

test('who has a key of one project sees and touches nothing of whole accounts', async () => {
  const who = { actor: 'ci', project: 'research' }
  const deps = { findings: stores.findings, launches: stores.launches, sweep: async () => expect.unreachable() }
  await expect(reconciliation(who, deps)).rejects.toMatchObject({ code: 'forbidden' })
  await expect(reconcileNow(who, deps)).rejects.toMatchObject({ code: 'forbidden' })
})
