import { usdNumber } from '../../core/money.ts'
import { isUnexplained, totalsOf } from '../../core/reconciliation/rates.ts'
import type { Instant } from '../../core/time.ts'
import type { Metrics } from '../../observability/metrics.ts'
import type { FindingStore } from '../../store/findings.ts'

export interface SweepMetricsDeps {
  findings: Pick<FindingStore, 'report'>
  clock: { now(): Instant }
}

/** Gauges of what the sweep found, read when they are asked for. */
export function sweepMetrics(metrics: Metrics, { findings, clock }: SweepMetricsDeps): { refresh(): Promise<void> } {
  const stray = metrics.gauge('gpufleet_stray_machines', 'Machines of ours that no launch explains, by provider.', [
    'provider',
  ])
  const foreign = metrics.gauge('gpufleet_foreign_machines', 'Machines of nobody here, by provider.', ['provider'])
  const unexplained = metrics.gauge('gpufleet_unexplained_usd_per_hour', 'What bills and no launch explains.', [])
  const age = metrics.gauge(
    'gpufleet_sweep_age_seconds',
    'Time since an account was last compared with what we know.',
    ['provider', 'account'],
  )

  return {
    async refresh() {
      const report = await findings.report()
      for (const gauge of [stray, foreign, age]) gauge.reset()
      const now = clock.now()
      for (const { provider, account, checkedAt } of report.accounts) {
        const here = report.findings.filter((one) => one.provider === provider && one.kind === 'machine')
        stray.set({ provider }, here.filter(isUnexplained).length)
        foreign.set({ provider }, here.filter(({ verdict }) => verdict === 'foreign').length)
        if (checkedAt !== null) age.set({ provider, account }, (now - checkedAt) / 1000)
      }
      unexplained.set(usdNumber(totalsOf(report.findings).unexplainedPerHour))
    },
  }
}
