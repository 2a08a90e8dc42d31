import { expect, test } from 'vitest'
import { exitCodes } from '../exit-codes.ts'
import { cli } from '../testing/fake-world.ts'

const heads = [
  { log: 'events', first_id: 1, last_id: 7, last_hash: 'hash-of-7', unchained: 2 },
  { log: 'operations', first_id: null, last_id: null, last_hash: null, unchained: 0 },
]
const whole = { ok: true, checked: 7, first_broken: null, heads }
const broken = { ...whole, ok: false, first_broken: { log: 'events', id: 3, what: 'row 3 is missing' } }
const verify = (verdict: object, ...more: string[]) =>
  cli(['audit', 'verify', ...more], { answers: { 'GET /api/v1/audit/verify': verdict } })

test('says that the logs are whole, and what to note', async () => {
  const { exitCode, out } = await verify(whole)
  expect(exitCode).toBe(exitCodes.ok)
  expect(out[0]).toBe('whole: 7 entries are as they were written')
  expect(out).toContain('events: ends with entry 7, hash-of-7')
  expect(out).toContain('events: 2 entries are older than the chain; nothing vouches for them')
  expect(out).toContain('operations: no entries yet')
})

test('names the first entry that is broken, and ends with 1', async () => {
  const { exitCode, out } = await verify(broken)
  expect(exitCode).toBe(1)
  expect(out[0]).toBe('broken: in the log of events, row 3 is missing')
})

test('--json prints the verdict, and ends with 1 as well', async () => {
  const { exitCode, out } = await verify(broken, '--json')
  expect(exitCode).toBe(1)
  expect(JSON.parse(out.join('\n'))).toEqual(broken)
})
