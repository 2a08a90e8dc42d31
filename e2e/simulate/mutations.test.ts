import { expect, test } from 'vitest'
import { mutations } from './mutations.ts'
import { runProgram } from './seeds-hold.ts'

/** More than any of them takes. */
const seeds = '80'

test.each(mutations.map(({ name }) => name))('caught: %s', { timeout: 600_000 }, async (name) => {
  const { code, output } = await runProgram('mutate.ts', ['--only', name, '--seeds', seeds])
  expect(output).toMatch(/^caught /)
  expect(code).toBe(0)
})
