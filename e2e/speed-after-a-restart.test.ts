/** Nobody waits for limits that no earlier process can have used. */

import { afterEach, expect, test } from 'vitest'
import { hourMs, secondMs } from '../server/src/core/time.ts'
import { aWorld, type World } from './world.ts'

type Stored = World & { dataDir: string }

let world: Stored
afterEach(() => world.close())

/** How long after its start this process asks the marketplace for the first time. */
async function firstAskedAfter({ clock, simulators, pass }: World): Promise<number> {
  const { requests } = simulators.lambda
  const before = requests.length
  const startedAt = clock.now()
  await pass(10 * secondMs)
  return (requests[before]?.at ?? Number.POSITIVE_INFINITY) - startedAt
}

async function restarted(afterMs: number): Promise<void> {
  await world.application.stop()
  await world.clock.advance(afterMs)
  world = await aWorld({ providers: ['lambda'], after: world })
}

test('a new installation asks at once; one that was at work a moment ago waits; one that was not for an hour asks at once', async () => {
  world = await aWorld({ providers: ['lambda'] })
  expect(await firstAskedAfter(world)).toBe(0)

  await restarted(0)
  expect(await firstAskedAfter(world)).toBeGreaterThan(secondMs)

  await restarted(hourMs)
  expect(await firstAskedAfter(world)).toBe(0)
})
