import { expect, test } from 'vitest'
import { killRun } from './kill-run.ts'

/** The small version of `npm run test:kill`: real time, real processes. */
test('a server that is killed again and again in the middle of its work loses no machine, no cent and no request', async () => {
  const report = await killRun({
    kills: 8,
    seed: 11,
    providers: ['runpod', 'paperspace', 'novita'],
    longestLifeMs: 4_000,
    settleMs: 60_000,
    confirmed: false,
  })
  expect(report.violations).toEqual([])
  expect(report.kills.ordering).toBeGreaterThan(0)
  expect(report.counts.launches).toBeGreaterThan(5)
  expect(report.machines).toBeGreaterThan(2)
}, 180_000)
