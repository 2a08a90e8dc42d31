import { afterEach, expect, test } from 'vitest'
import { aWorld, type World } from './world.ts'

const minute = 60_000
let world: World & { dataDir: string }
afterEach(() => world?.close())

test('without the key of its account a machine is not forgotten: log and metrics say so, and with the key it goes on', async () => {
  world = await aWorld({ providers: ['runpod'] })
  const wish = { gpu_model: 'RTX 4090', market: 'on_demand', disk_gb: 20, image: 'ubuntu:24.04' }
  const { id } = (await world.call('POST', '/api/v1/instances', wish)).body.data
  await world.untilStatus(id, 'ready', 60 * minute)

  const keyless = await aWorld({ providers: ['vast'], after: world })
  await keyless.call('DELETE', `/api/v1/instances/${id}`)
  await keyless.pass(10 * minute)
  expect(await keyless.instance(id)).toMatchObject({ status: 'terminating' })
  const said = keyless.log.lines.filter(({ level }) => level === 'error').map(({ event }) => event)
  expect(said).toEqual([expect.stringMatching(/no key for the account runpod \(main\).*set it/)])
  const metrics = (await keyless.call('GET', '/metrics')).body
  expect(metrics).toContain('gpufleet_alarms_total{provider="runpod"} 1')

  const again = await aWorld({ providers: ['runpod'], after: world })
  await again.untilStatus(id, 'terminated', 10 * minute)
  expect(again.simulators.runpod.marketplace.machines().filter((machine) => machine.billing)).toEqual([])
})
