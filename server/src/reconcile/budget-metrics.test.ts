import { expect, test } from 'vitest'
import { noPolicies } from '../core/instances/instance.ts'
import type { Because } from '../core/instances/status.ts'
import { nanosFromUsd } from '../core/money.ts'
import { hourMs, minuteMs } from '../core/time.ts'
import { createMetrics } from '../observability/metrics.ts'
import { anEvent } from '../testing/builders.ts'
import { fakeProvider } from '../testing/fake-provider.ts'
import { aReconciler } from '../testing/reconciler.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { createBudgetBook } from './budget-book.ts'
import { policyMetrics } from './budget-metrics.ts'

test('shows the share of each budget, and counts each stop once', async () => {
  const clock = virtualClock()
  const vast = fakeProvider({ clock })
  const metrics = createMetrics()
  const stopped: Because[] = []
  const r = await aReconciler({ clock, providers: [vast], countStop: (because) => void stopped.push(because) })
  const { budgets } = r.stores
  const policies = policyMetrics(metrics, { book: createBudgetBook({ budgets, clock }) })
  const limit = nanosFromUsd('0.72')
  await budgets.add(
    { id: 'bud_1', scope: 'all', key: '', project: 'default', period: 'total', limit, action: 'none', createdAt: 0 },
    anEvent({ instanceId: null, kind: 'changed' }),
  )
  const idle = { timeoutMs: hourMs, action: 'stop' as const, busyAbovePercent: null }
  await r.wish({ policies: { ...noPolicies, idle } })
  await r.pass(30 * minuteMs, 10_000)
  await policies.refresh()
  const ratio = /gpufleet_budget_spent_ratio\{budget="bud_1",scope="all",key=""\} (\S+)/.exec(await metrics.text())?.[1]
  expect(Number(ratio)).toBeGreaterThan(0.24)
  expect(Number(ratio)).toBeLessThan(0.26)

  await r.until('stopped', 40 * minuteMs)
  await r.pass(5 * minuteMs, 10_000)
  expect(stopped).toEqual(['idle_too_long'])
  for (const because of stopped) policies.countStop(because)
  expect(await metrics.text()).toContain('gpufleet_policy_stops_total{because="idle_too_long"} 1')
})
