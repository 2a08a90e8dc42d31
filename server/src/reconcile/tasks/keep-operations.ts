import type { Operation } from '../../core/operations/operation.ts'
import { type Clock, dayMs } from '../../core/time.ts'
import type { Metrics } from '../../observability/metrics.ts'
import type { OperationStore } from '../../store/operations.ts'

export interface OperationsKeeper {
  /** Costs the call nothing: it is written down within a second, or when the server stops. */
  record(operation: Operation): void
  flush(): Promise<void>
  /** Drops what is older than is to be kept. */
  prune(): Promise<void>
}

export interface OperationsKeeperDeps {
  operations: Pick<OperationStore, 'add' | 'prune'>
  clock: Pick<Clock, 'now'>
  metrics: Metrics
  keepDays: number
}

/** What waits while the disk does not answer. */
const mostPending = 1_000

export function createOperationsKeeper({
  operations,
  clock,
  metrics,
  keepDays,
}: OperationsKeeperDeps): OperationsKeeper {
  const lost = metrics.counter(
    'gpufleet_operations_lost_total',
    'Calls to marketplaces that are not in the operations log, because it could not be written fast enough.',
    [],
  )
  let pending: Operation[] = []
  let underWay: Promise<void> = Promise.resolve()

  function keep(more: readonly Operation[]): void {
    const room = Math.max(0, mostPending - pending.length)
    pending = [...pending, ...more.slice(0, room)]
    if (more.length > room) lost.inc(more.length - room)
  }

  async function write(): Promise<void> {
    const batch = pending
    pending = []
    try {
      await operations.add(batch)
    } catch (error) {
      const newer = pending
      pending = batch
      keep(newer)
      throw error
    }
  }

  return {
    record: (operation) => keep([operation]),
    flush() {
      // One after the other: rows are in the order of the calls.
      underWay = underWay.catch(() => {}).then(write)
      return underWay
    },
    async prune() {
      await operations.prune(clock.now() - keepDays * dayMs)
    },
  }
}
