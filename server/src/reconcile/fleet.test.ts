import { expect, test } from 'vitest'
import { failure, fakeProvider } from '../testing/fake-provider.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { createFleet, type FleetLook } from './fleet.ts'

const vast = fakeProvider({ clock: virtualClock() })
let now = 10_000
const fleet = createFleet({ now: () => now })
const looks = () => vast.calls.length

test('those who ask at about the same time share one look; an old one is not used again', async () => {
  const [one, other] = [fleet.look(vast, 1_000), fleet.look(vast, 1_000)]
  expect(await one).toBe(await other)
  expect(looks()).toBe(1)
  now += 1_000
  await fleet.look(vast, 1_000)
  expect(looks()).toBe(1)
  now += 1
  await fleet.look(vast, 1_000)
  expect(looks()).toBe(2)
})

test('a clock that was turned back does not keep an old look alive', async () => {
  now -= 3_600_000
  await fleet.look(vast, 1_000)
  expect(looks()).toBe(3)
})

test('an account that does not answer has told nothing, and does not speak for another one', async () => {
  now += 5_000
  vast.before.look = () => {
    throw failure('vast', { kind: 'unauthorized' }, 'the key is refused')
  }
  const second = { ...vast, account: 'second', look: async () => ({ machines: [], at: now }) }

  expect(await fleet.look(vast, 1_000)).toMatchObject({ kind: 'failed', why: 'the key is refused' })
  expect(await fleet.look(second, 1_000)).toMatchObject({ kind: 'good', begunAt: now })
})

test('a look that is under way is shared, however long it takes', async () => {
  const clock = virtualClock()
  const slow = fakeProvider({ clock })
  slow.before.look = () => clock.sleep(5_000)
  const shared = createFleet(clock)
  const asked: Promise<FleetLook>[] = []
  for (let second = 0; second < 4; second += 1) {
    asked.push(shared.look(slow, 1_000))
    await clock.advance(1_001)
  }
  const begunAt = clock.now() - 4 * 1_001
  await clock.advance(10_000)

  for (const look of await Promise.all(asked)) expect(look).toMatchObject({ kind: 'good', begunAt })
  expect(slow.calls).toHaveLength(1)
})
