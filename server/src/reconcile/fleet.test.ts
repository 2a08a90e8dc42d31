import { expect, test } from 'vitest'
import { failure, fakeProvider } from '../testing/fake-provider.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { createFleet } from './fleet.ts'

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
