/** `npm run test:kill`: the server is killed again and again in the middle of its work. Exit code 1 when anything is amiss. */

import { parseArgs } from 'node:util'
import { type KillReport, killRun } from './kill-run.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(1 + (Date.now() % 1_000_000)) },
    jobs: { type: 'string', default: '4' },
    settle: { type: 'string', default: '700' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  console.log(`npm run test:kill -- [options]

  --kills N    how often the server is killed (default 200)
  --seed N     draws the same moments and wishes again; the machine's own pace differs from run to run
  --jobs N     installations at the same time, which share the kills (default 4)
  --settle S   seconds that everything may take to end after the last kill (default 700)`)
  process.exit(0)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const [kills, seed, settle, jobs] = [values.kills, values.seed, values.settle, values.jobs].map(Number) as [
  number,
  number,
  number,
  number,
]
console.log(`${kills} kills with the seed ${seed}, ${jobs} installations at the same time`)
const shares = Array.from({ length: jobs }, (_, job) => Math.floor(kills / jobs) + (job < kills % jobs ? 1 : 0))
const begunAt = Date.now()
const reports = await Promise.all(
  shares.map((share, job) =>
    killRun({
      kills: share,
      seed: seed + job,
      settleMs: settle * 1_000,
      confirmed: true,
      say: (line) => console.log(`${job + 1}: ${line}`),
    }),
  ),
)

const sum = (of: (report: KillReport) => number) => reports.reduce((total, report) => total + of(report), 0)
const most = (of: (report: KillReport) => number) => Math.max(...reports.map(of))
console.log(
  [
    `killed ${kills} times: ${sum(({ kills }) => kills.starting)} while starting, ${sum(({ kills }) => kills.working)} at work, ${sum(({ kills }) => kills.ordering)} at an order`,
    `${sum(({ counts }) => counts.launches)} launches (${sum(({ counts }) => counts.repeated)} asked again, ${sum(({ counts }) => counts.refused)} refused), ${sum(({ counts }) => counts.stops)} stops, ${sum(({ counts }) => counts.starts)} starts, ${sum(({ counts }) => counts.restarts)} restarts, ${sum(({ counts }) => counts.ends)} ends; ${sum(({ machines }) => machines)} machines`,
    `everything had ended ${seconds(most(({ settledMs }) => settledMs))} after the last kill; the vaguest end of a charge is vague by ${seconds(most(({ vaguestMs }) => vaguestMs))} of time up`,
    ...reports.flatMap(({ errors }) => [...errors].map(([what, times]) => `${times} times in the log: ${what}`)),
    `took ${seconds(Date.now() - begunAt)}, seed ${seed}`,
  ].join('\n'),
)
for (const { violations, evidence } of reports) {
  for (const violation of violations) console.error(`VIOLATED: ${violation}`)
  if (evidence !== null) console.error(`the database, the logs and the course of events are in ${evidence}`)
}
const violated = sum(({ violations }) => violations.length)
if (violated > 0) {
  console.error(`${violated} violations; again: npm run test:kill -- --kills ${kills} --seed ${seed} --jobs ${jobs}`)
  process.exitCode = 1
} else console.log('nothing billed is unknown, nothing promised is lost, ledger and bill agree')

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
