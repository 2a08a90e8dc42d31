import { expect, test } from 'vitest'
import { createMetrics } from './metrics.ts'

test('each set counts for itself', async () => {
  const [one, other] = [createMetrics(), createMetrics()]
  one.counter('gpufleet_things_total', 'Things.', ['kind']).inc({ kind: 'a' })
  other.counter('gpufleet_things_total', 'Things.', ['kind'])
  expect(await one.text()).toContain('gpufleet_things_total{kind="a"} 1')
  expect(await other.text()).not.toContain('kind="a"')
})

test('declaring a name again gives what is there', async () => {
  const metrics = createMetrics()
  for (const _ of [1, 2]) metrics.counter('gpufleet_things_total', 'Things.', []).inc()
  expect(await metrics.text()).toContain('gpufleet_things_total 2')
})

test('tells about the process when asked', async () => {
  expect(await createMetrics().text()).not.toContain('process_cpu')
  expect(await createMetrics({ process: true }).text()).toContain('process_cpu')
})
