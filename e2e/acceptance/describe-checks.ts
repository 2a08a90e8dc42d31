import { afterAll, afterEach, describe, test } from 'vitest'
import { checksOf } from './checks.ts'
import { createLab } from './lab.ts'

/** Each check as a test that names its promises. */
export function describeChecks(contract: string): void {
  const lab = createLab()
  afterEach(() => lab.endCheck())
  afterAll(() => lab.close())
  describe(`contract ${contract}`, () => {
    for (const check of checksOf[contract] ?? []) {
      if (check.standing === 'later') continue
      test(check.ids.join(', '), { timeout: 180_000 }, async () => void (await check.run(lab)))
    }
  })
}
