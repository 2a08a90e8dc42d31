/** `npm run test:kill`: the server is killed again and again in the middle of its work. Exit code 1 when anything is amiss. */

import { parseArgs } from 'node:util'
import { killRun } from './kill-run.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(1 + (Date.now() % 1_000_000)) },
    settle: { type: 'string', default: '600' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  console.log(`npm run test:kill -- [options]

  --kills N    how often the server is killed (default 200)
  --seed N     draws the same moments and wishes again; the machine's own pace differs from run to run
  --settle S   seconds that everything may take to end after the last kill (default 600)`)
  process.exit(0)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const [kills, seed, settle] = [Number(values.kills), Number(values.seed), Number(values.settle)]
console.log(`${kills} kills with the seed ${seed}`)
const report = await killRun({
  kills,
  seed,
  settleMs: settle * 1_000,
  confirmed: true,
  say: (line) => console.log(line),
})

const { counts } = report
console.log(
  [
    `killed ${kills} times: ${report.kills.starting} while starting, ${report.kills.working} at work, ${report.kills.ordering} at an order`,
    `${counts.launches} launches (${counts.repeated} asked again, ${counts.refused} refused), ${counts.stops} stops, ${counts.starts} starts, ${counts.restarts} restarts, ${counts.ends} ends; ${report.machines} machines`,
    `everything had ended ${seconds(report.settledMs)} after the last kill; the vaguest charge is vague by ${seconds(report.vaguestMs)} of time up`,
    ...[...report.errors].map(([what, times]) => `${times} times in the log: ${what}`),
    `took ${seconds(report.durationMs)}, seed ${seed}`,
  ].join('\n'),
)
for (const violation of report.violations) console.error(`VIOLATED: ${violation}`)
if (report.violations.length > 0) {
  console.error(`the database, the logs and the course of events are in ${report.evidence}`)
  console.error(`${report.violations.length} violations; again: npm run test:kill -- --kills ${kills} --seed ${seed}`)
  process.exitCode = 1
} else console.log('nothing billed is unknown, nothing promised is lost, ledger and bill agree')

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
