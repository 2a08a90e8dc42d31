import { expect, test } from 'vitest'
import { killRun } from './kill-run.ts'

/** The small version of `npm run test:kill`: real time, real processes. */
test('a server that is killed again and again in the middle of its work loses no machine, no cent and no request', async () => {
  const report = await killRun({
    kills: 6,
    seed: 11,
    // Of the five, whose markets are read the fastest.
    providers: ['novita', 'lambda'],
    longestLifeMs: 5_000,
    settleMs: 60_000,
    confirmed: false,
  })
  expect(report.violations, `see ${report.evidence}`).toEqual([])
  expect(report.counts.launches).toBeGreaterThan(0)
  expect(report.machines).toBeGreaterThan(0)
}, 240_000)
