/**
 * `npm run acceptance`: every promise of the five contracts, tried against the product and simulated marketplaces.
 * `-- --only S001` or `-- --only S001-35` for some of them, `-- --write` to renew the reference page.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../kit/server-process.ts'
import type { Check, PromiseId } from './check.ts'
import { checksOf } from './checks.ts'
import { createLab, referenceDir } from './lab.ts'
import { type Outcome, pageOf, summaryOf } from './report.ts'

const { values } = parseArgs({
  options: { only: { type: 'string' }, write: { type: 'boolean', default: false } },
})

const page = join(root, 'docs/reference/acceptance.md')
const listed = promisesListed()
const outcomes: Outcome[] = []
for (const [contract, checks] of Object.entries(checksOf)) await runAll(contract, checks)
for (const [id, mayBeSuperseded] of listed ?? []) {
  if (wanted(id) && !outcomes.some((one) => one.id === id)) report({ id, result: 'open', evidence: 'no check' })
  const claimed = outcomes.find((one) => one.id === id)
  if (claimed?.result === 'superseded' && !mayBeSuperseded) {
    report({ id, result: 'open', evidence: 'superseded, though the list does not say so' })
  }
}
console.log(`\n${summaryOf(latest())}`)
if (listed === undefined)
  console.log(`The list of promises is not at ${referenceDir}: only ids with a check are shown.`)
if (values.write) {
  if (values.only !== undefined) throw new Error('the page is made from all promises: leave --only out')
  writeFileSync(page, pageOf(latest()))
}
process.exit(latest().some(({ result }) => result === 'broken' || result === 'open') ? 1 : 0)

async function runAll(contract: string, checks: readonly Check[]): Promise<void> {
  const lab = createLab()
  for (const check of checks) {
    if (!check.ids.some(wanted)) continue
    const outcome = await outcomeOf(check)
    for (const id of check.ids) report({ id, ...outcome })
  }
  await lab.close().catch((error: unknown) => console.error(`contract ${contract}: not everything ended:`, error))

  async function outcomeOf(check: Check): Promise<Omit<Outcome, 'id'>> {
    if (check.standing === 'later') return { result: 'later', evidence: `comes with ${check.comesWith}` }
    try {
      const seen = await check.run(lab)
      return check.standing === 'kept'
        ? { result: 'kept', evidence: seen }
        : { result: 'superseded', evidence: `${check.fact}; ${seen}` }
    } catch (error) {
      return { result: 'broken', evidence: error instanceof Error ? error.message : String(error) }
    } finally {
      await lab.endCheck()
    }
  }
}

function report(outcome: Outcome): void {
  outcomes.push(outcome)
  console.log(`${outcome.id} ${wordFor(outcome.result)} – ${outcome.evidence}`)
}

function wordFor(result: Outcome['result']): string {
  return result === 'broken' || result === 'later' ? 'open' : result
}

/** The last word on each promise. */
function latest(): Outcome[] {
  return [...new Map(outcomes.map((one) => [one.id, one])).values()].sort((one, other) =>
    one.id.localeCompare(other.id),
  )
}

function wanted(id: string): boolean {
  return values.only === undefined || id.startsWith(values.only)
}

/** The ids of part A, and whether each may be superseded. */
function promisesListed(): Map<PromiseId, boolean> | undefined {
  try {
    const text = readFileSync(join(referenceDir, 'ACCEPTANCE.md'), 'utf8')
    const rows = text.matchAll(/^\| (S00\d-\d\d) \|.*$/gm)
    return new Map([...rows].map(([row, id]) => [id as PromiseId, row.includes('**superseded')]))
  } catch {
    return undefined
  }
}
