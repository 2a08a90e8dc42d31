import type { Finding, Reconciliation } from '@gpufleet/sdk/api'
import { describe, expect, test } from 'vitest'
import { anId, anInstance, at } from '../testing/builders.ts'
import { cli } from '../testing/fake-world.ts'

const aFinding = (changes: Partial<Finding> = {}): Finding => ({
  provider: 'vast_ai',
  account: 'main',
  kind: 'machine',
  id: '30004098',
  label: 'gf-x-1',
  attached_to: null,
  region: null,
  verdict: 'wanted',
  why: 'it is the machine of a live instance',
  instance_id: anId,
  attempt: 1,
  rate_per_hour_usd: '0.3134',
  since: at(0),
  last_seen_at: at(60),
  ended_orders: 0,
  ...changes,
})

const aReport = (changes: Partial<Reconciliation> = {}): Reconciliation => ({
  findings: [aFinding()],
  unseen: [],
  accounts: [{ provider: 'vast_ai', account: 'main', checked_at: at(60), tried_at: at(60), error: null }],
  totals: {
    machines: 1,
    things: 0,
    per_hour_usd: '0.3134',
    unexplained: 0,
    unexplained_per_hour_usd: '0',
    foreign: 0,
    foreign_per_hour_usd: '0',
    unknown_rates: 0,
  },
  checked_at: at(60),
  ...changes,
})

const audit = (report: Reconciliation, ...args: string[]) =>
  cli(['audit', ...args], {
    answers: { 'GET /api/v1/reconciliation': report, 'POST /api/v1/reconciliation': report },
  })

describe('audit', () => {
  test('shows every machine with its owner, and that nothing is unexplained', async () => {
    const { exitCode, out } = await audit(aReport())
    expect(exitCode).toBe(0)
    expect(out).toEqual([
      'PROVIDER  WHAT     ID        LABEL   OWNER                  VERDICT  BILLED NOW  SEEN SINCE',
      `vast_ai   machine  30004098  gf-x-1  ${anId}  wanted    $0.3134/h   1 min ago`,
      '',
      '1 machine and 0 other things, $0.3134/h in all',
      'unexplained spend: 0',
      'vast_ai (main): checked 40 s ago',
    ])
  })

  test('never says that nothing is billed while a launch is newer than the last check', async () => {
    const unseen = {
      provider: 'vast_ai',
      account: 'main',
      id: '30004099',
      label: 'gf-x-1',
      instance_id: anId,
      attempt: 1,
      state: 'not_checked',
      asked_at: at(60),
      price_per_hour_usd: '0.31',
    } as const
    const line = `not checked: machine 30004099 at vast_ai (main) for ${anId}, asked for 40 s ago at $0.3100/h; in no sum below`
    const { exitCode, out } = await audit(aReport({ findings: [], unseen: [unseen] }))
    expect([exitCode, out[0]]).toEqual([0, line])
    expect((await audit(aReport({ findings: [] }))).out[0]).toBe('Nothing is billed, as far as we know.')
  })

  test('ends with 1 when something of ours is unexplained, whatever it costs', async () => {
    const stray = aFinding({ verdict: 'ours_unwanted', why: 'it is a second machine', rate_per_hour_usd: null })
    const totals = { ...aReport().totals, unexplained: 1, unknown_rates: 1 }
    const { exitCode, out } = await audit(aReport({ findings: [stray], totals }))
    expect(exitCode).toBe(1)
    expect(out).toContain('unexplained spend: $0.0000/h, 1 machine or thing')
    expect(out).toContain('  30004098: it is a second machine')
  })

  test('ends with 1 when an account could not be checked, and says since when', async () => {
    const account = { provider: 'runpod', account: 'main', checked_at: at(0), tried_at: at(60), error: 'it is down' }
    const { exitCode, out } = await audit(aReport({ accounts: [account] }))
    expect([exitCode, out.at(-1)]).toEqual([1, 'runpod (main): checked 1 min ago; not since: it is down'])
    expect((await audit(aReport({ accounts: [] }))).exitCode).toBe(1)
    expect((await audit(aReport({ accounts: [{ ...account, error: null, checked_at: null }] }))).exitCode).toBe(1)
  })

  test('what is foreign is shown with its price and is no failure', async () => {
    const theirs = aFinding({ verdict: 'foreign', instance_id: null, label: null })
    const totals = { ...aReport().totals, foreign: 1, foreign_per_hour_usd: '0.3134' }
    const { exitCode, out } = await audit(aReport({ findings: [theirs], totals }))
    expect(exitCode).toBe(0)
    expect(out).toContainEqual(expect.stringMatching(/nobody here +foreign +\$0\.3134/))
    expect(out).toContainEqual(expect.stringMatching(/^not ours: 1, \$0\.3134\/h; never touched/))
  })

  test('--now looks first, and --json is the API’s data with the same exit code', async () => {
    const report = aReport({ accounts: [] })
    const { exitCode, out, requests } = await audit(report, '--now', '--json')
    expect(requests.map(({ method }) => method)).toEqual(['POST'])
    expect([exitCode, JSON.parse(out.join('\n'))]).toEqual([1, report])
  })
})

test('adopt names the machine, and says what is not known', async () => {
  const { exitCode, out, requests } = await cli(['adopt', 'vast', '30004098', '--label', 'mine'], {
    answers: { 'POST /api/v1/instances/adopt': anInstance({ label: 'mine', status: 'running' }) },
  })
  expect(exitCode).toBe(0)
  expect(requests[0]?.body).toEqual({ provider: 'vast', machine_id: '30004098', label: 'mine' })
  expect(out[0]).toBe(`${anId} (mine) has machine 30004098 now: 1x RTX 4090 at vast_ai, europe-west, running.`)
})
