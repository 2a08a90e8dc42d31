import { expect, test } from 'vitest'
import { exitCodes } from '../exit-codes.ts'
import { cli } from '../testing/fake-world.ts'

const heads = [
  { log: 'events', first_id: 1, last_id: 7, last_hash: 'hash-of-7', unchained: 2 },
  { log: 'operations', first_id: null, last_id: null, last_hash: null, unchained: 0 },
]
const charges = { checked: 3, unrecorded: 1 }
const whole = { ok: true, checked: 7, first_broken: null, heads, charges }
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
  expect(out).toContain('charges: 3 are as they ended')
  expect(out).toContain('charges: 1 ended before the log told of any; nothing vouches for them')
})

test('names the first entry that is broken, and ends with 1', async () => {
  const { exitCode, out } = await verify(broken)
  expect(exitCode).toBe(1)
  expect(out[0]).toBe('broken: in the log of events, row 3 is missing')
})

test('names the charge that differs from what was logged of it', async () => {
  const what = 'charge gpu 1 of attempt 1 of inst_1 is not what it was when it ended'
  const { exitCode, out } = await verify({ ...whole, ok: false, first_broken: { log: 'charges', id: null, what } })
  expect([exitCode, out[0]]).toEqual([1, `broken: in the ledger, ${what}`])
})

test('--json prints the verdict, and ends with 1 as well', async () => {
  const { exitCode, out } = await verify(broken, '--json')
  expect(exitCode).toBe(1)
  expect(JSON.parse(out.join('\n'))).toEqual(broken)
})
