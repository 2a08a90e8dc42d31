import { expect, test } from 'vitest'
import { minuteMs } from '../server/src/core/time.ts'
import { aWorld, type InstanceView } from './world.ts'

const many = 40

test('many launches at once at one marketplace all come up, at its pace of one in 4.5 s', async () => {
  const world = await aWorld({ providers: ['vast'] })
  world.order('vast', 'special/calm')
  const wish = { min_vram_gb: 8, market: 'on_demand', image: 'ubuntu:24.04', provider: 'vast_ai' }
  for (let made = 0; made < many; made += 1) {
    expect((await world.call('POST', '/api/v1/instances', wish)).status).toBe(201)
  }
  const begun = world.clock.now()
  const all = async (): Promise<InstanceView[]> => (await world.call('GET', '/api/v1/instances?limit=100')).body.data

  // The passes are left to themselves, as in the real thing: waiting for each would pace them by the slowest.
  let instances = await all()
  while (instances.some(({ status }) => status !== 'ready') && world.clock.now() - begun < 15 * minuteMs) {
    for (let second = 0; second < 10; second += 1) {
      world.application.runDue().catch(() => {})
      await world.clock.advance(1_000)
    }
    instances = await all()
  }

  expect(instances.map(({ status, message }) => `${status} ${message}`)).toEqual(Array(many).fill('ready null'))
  expect(world.clock.now() - begun).toBeLessThan(8 * minuteMs)
  await world.close()
})
