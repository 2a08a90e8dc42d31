import { expect, test } from 'vitest'
import type { Operation } from '../../core/operations/operation.ts'
import { dayMs } from '../../core/time.ts'
import { createMetrics } from '../../observability/metrics.ts'
import { anOperation, testStart } from '../../testing/builders.ts'
import { createOperationsKeeper } from './keep-operations.ts'

function aKeeper() {
  const written: Operation[] = []
  const metrics = createMetrics()
  const disk = { full: false, prunedBefore: 0 }
  const keeper = createOperationsKeeper({
    operations: {
      add: async (operations) => {
        if (disk.full) throw new Error('the disk is full')
        written.push(...operations)
      },
      prune: async (before) => {
        disk.prunedBefore = before
        return 0
      },
    },
    clock: { now: () => testStart },
    metrics,
    keepDays: 14,
  })
  return { keeper, written, metrics, disk }
}

test('writes down what was recorded, in order and once', async () => {
  const { keeper, written } = aKeeper()
  keeper.record(anOperation({ operation: 'first' }))
  keeper.record(anOperation({ operation: 'second' }))
  await Promise.all([keeper.flush(), keeper.flush()])
  await keeper.flush()
  expect(written.map(({ operation }) => operation)).toEqual(['first', 'second'])
})

test('keeps what could not be written, before what came later', async () => {
  const { keeper, written, disk } = aKeeper()
  disk.full = true
  keeper.record(anOperation({ operation: 'first' }))
  const failing = keeper.flush()
  keeper.record(anOperation({ operation: 'second' }))
  await expect(failing).rejects.toThrow('the disk is full')
  disk.full = false
  await keeper.flush()
  expect(written.map(({ operation }) => operation)).toEqual(['first', 'second'])
})

test('holds a thousand, and counts what it could not', async () => {
  const { keeper, written, metrics } = aKeeper()
  for (let count = 0; count < 1_003; count += 1) keeper.record(anOperation())
  await keeper.flush()
  expect(written).toHaveLength(1_000)
  expect(await metrics.text()).toContain('gpufleet_operations_lost_total 3')
})

test('drops what is older than is to be kept', async () => {
  const { keeper, disk } = aKeeper()
  await keeper.prune()
  expect(disk.prunedBefore).toBe(testStart - 14 * dayMs)
})
