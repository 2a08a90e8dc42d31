import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Reporter, TestModule } from 'vitest/node'

/** Skipped for want of keys of real marketplaces, and not of reference data. */
const takesKeys = 'e2e/real-apis.test.ts'

/**
 * The last line of a test run in plain words: `12 passed, 0 failed, 1 skipped`, after what was skipped and why. With
 * REFERENCE_MUST_RUN=true it fails the run when the reference data is there and a test skipped all the same.
 */
export default class PlainSummary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 }
    const skipped: string[] = []
    for (const module of modules) {
      if (module.state() === 'failed' && module.errors().length > 0) counts.failed += 1
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'pending') continue
        counts[state] += 1
        if (state === 'skipped') skipped.push(`${module.relativeModuleId}: ${test.fullName}`)
      }
    }
    for (const name of skipped) console.log(`skipped: ${name}`)
    const reference = process.env.REFERENCE_DIR ?? join(import.meta.dirname, '../../shared')
    const forWantOfData = skipped.filter((name) => !name.startsWith(takesKeys))
    if (forWantOfData.length > 0 && process.env.REFERENCE_MUST_RUN === 'true' && existsSync(reference)) {
      console.log('tests were skipped although the reference data is there')
      process.exitCode = 1
      counts.failed += 1
    }
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
  }
}
