import { expect, test } from 'vitest'
import { fuzz } from './run.ts'

const requests = 20_000

test(`${requests} generated requests: nothing undeclared, no hang, no secret`, { timeout: 300_000 }, async () => {
  const { sent, reachedApp, good, failures } = await fuzz({ seed: 20261001, requests })
  expect(failures.join('\n\n')).toBe('')
  expect(sent).toBe(requests)
  expect(reachedApp / sent).toBeGreaterThan(1 / 3)
  const neverGood = [...good].filter(([, count]) => count === 0).map(([name]) => name)
  expect(neverGood, 'teach values.ts and requests.ts what these take').toEqual([])
})
