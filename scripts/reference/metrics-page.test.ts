import { expect, test } from 'vitest'
import { aWorld } from '../../e2e/world.ts'
import { metricsPage } from './metrics-page.ts'

test('the page names exactly what a server answers', async () => {
  const world = await aWorld({ providers: ['runpod'] })
  const { body } = await world.call('GET', '/metrics')
  await world.close()
  const answered = [...String(body).matchAll(/^# HELP (gpufleet_\w+)/gm)].map(([, name]) => name)
  const named = [...metricsPage().matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name)
  expect(named).toEqual(answered.sort())
})
