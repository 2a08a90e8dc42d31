import { describe, expect, test } from 'vitest'
import { at } from '../testing/builders.ts'
import { cli } from '../testing/fake-world.ts'

const compared = {
  bill_usd: '2.5',
  ledger_usd: '3',
  ledger_at_least_usd: '2',
  difference_usd: '-0.5',
  because: [{ reason: 'inside_interval', amount_usd: '-0.5' }],
}
const account = {
  provider: 'vast_ai',
  account: 'main',
  has_bill: true,
  note: null,
  read_at: at(0),
  covered_from: at(0),
  complete_until: at(0),
  error: null,
  ...compared,
  machines: [{ id: 'm-1', label: null, instance_ids: [], ...compared }],
  machines_left_out: 0,
}
const without = {
  ...account,
  provider: 'lambda_labs',
  has_bill: false,
  covered_from: null,
  machines: [],
  note: 'it has no API for its bill',
}
const answer = (change: object = {}) => ({
  'GET /api/v1/costs/reconciliation': {
    from: at(0),
    until: at(0),
    at: at(0),
    unexplained_usd: '0',
    accounts: [account, without],
    ...change,
  },
})

describe('bills', () => {
  test('shows every machine with its bill, our ledger and why they differ', async () => {
    const { exitCode, out, requests } = await cli(['bills', '--provider', 'vast'], { answers: answer() })
    expect(exitCode).toBe(0)
    expect(requests[0]?.query.get('provider')).toBe('vast')
    expect(out[0]).toContain('vast_ai (main): complete until')
    expect(out[2]).toMatch(/^m-1 +\$2\.5000 +\$3\.0000 +-\$0\.5000 +within what we know -\$0\.5000$/)
    expect(out.at(-1)).toBe('lambda_labs (main): it has no API for its bill')
  })

  test('what is not explained is in the exit code', async () => {
    expect((await cli(['bills'], { answers: answer({ unexplained_usd: '0.02' }) })).exitCode).toBe(1)
  })
})
