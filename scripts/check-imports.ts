/**
 * The import table of ARCHITECTURE.md, enforced. A checker that sees no modules also finds no violations, so it must
 * have seen some.
 */

import { spawnSync } from 'node:child_process'

const folders = ['server', 'sdk', 'cli', 'web', 'simulators', 'e2e', 'scripts']
const fewestModules = 100

const run = spawnSync(
  process.execPath,
  [
    'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
    ...folders,
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'json',
  ],
  { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
)
if (run.stdout === '') {
  console.error(run.stderr)
  process.exit(1)
}
const { summary } = JSON.parse(run.stdout) as {
  summary: {
    totalCruised: number
    violations: { from: string; to: string; rule: { name: string }; comment?: string }[]
  }
}
for (const { from, to, rule } of summary.violations) console.error(`${rule.name}: ${from} → ${to}`)
if (summary.totalCruised < fewestModules) {
  console.error(
    `only ${summary.totalCruised} modules seen: the checker cannot read the sources (TypeScript 6 must be installed)`,
  )
  process.exit(1)
}
console.log(`imports: ${summary.totalCruised} modules, ${summary.violations.length} violations`)
process.exit(summary.violations.length === 0 ? 0 : 1)
