import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aLaunch, anInstance, aWish, testStart } from '../../testing/builders.ts'
import { decide } from '../instances/decide.ts'
import { type Instance, noPolicies, type Policies } from '../instances/instance.ts'
import { statuses } from '../instances/status.ts'
import { nanosFromUsd } from '../money.ts'
import { hourMs, minuteMs } from '../time.ts'
import { noActivity } from './activity.ts'
import { type Budget, nothingSpent } from './budget.ts'
import { type PolicyFacts, verdictOf } from './verdict.ts'

const usd = nanosFromUsd
const now = testStart + 10 * hourMs
const limits = { canStop: true, lookEveryMs: 10_000, listLagMs: 0, startDeadlineMs: 10 * minuteMs }
const idle = { timeoutMs: 30 * minuteMs, action: 'stop' as const, busyAbovePercent: null }
const up = { ...noActivity, readyAt: testStart, idleWarnedAt: now - hourMs, firstUpAt: testStart }

function anInstanceWith(policies: Partial<Policies>, change: Partial<Instance> = {}): Instance {
  return anInstance({
    status: 'ready',
    launch: aLaunch({ upAt: testStart }),
    wish: aWish({ policies: { ...noPolicies, ...policies } }),
    ...change,
  })
}

function budgets(action: Budget['action'], spent = '10'): PolicyFacts['budgets'] {
  const budget: Budget = {
    id: 'b',
    scope: 'all',
    key: '',
    project: 'default',
    period: 'total',
    limit: usd('10'),
    action,
    createdAt: 0,
  }
  return [{ budget, spending: { ...nothingSpent, spent: usd(spent), at: now } }]
}

const verdict = (instance: Instance, facts: Partial<PolicyFacts>, more = {}) =>
  verdictOf(instance, { activity: up, budgets: [], ...facts }, { now, limits: { ...limits, ...more } })

describe('a lease that is over ends it', () => {
  const leased = (change: Partial<Instance>) => anInstanceWith({ maxLifetimeMs: 8 * hourMs }, change)

  test.each(['requested', 'launching', 'starting', 'running', 'ready', 'interrupted', 'stopping', 'stopped'] as const)(
    'while it is %s',
    (status) => {
      expect(verdict(leased({ status }), {})).toMatchObject({ status: 'terminating', because: 'lease_over' })
    },
  )

  test.each(['terminating', 'terminated', 'failed'] as const)('but not while it is %s', (status) => {
    expect(verdict(leased({ status }), {})).toBeNull()
  })

  test('also when its machine is lost and none has come in its place', () => {
    const relaunched = leased({ status: 'requested', launch: null, attempt: 1 })
    const decision = decide(relaunched, {
      sighting: { kind: 'unknown', why: 'no machine yet' },
      health: null,
      leftovers: 0,
      now,
      limits,
      policies: { activity: up, budgets: [] },
    })
    expect(decision).toMatchObject({ status: 'terminating', because: 'lease_over', order: null })
  })
})

describe('a budget that is spent', () => {
  const plain = (change: Partial<Instance> = {}) => anInstanceWith({}, change)

  test('stops what is up or comes up, and nothing else', () => {
    const stopped = statuses.filter((status) => verdict(plain({ status }), { budgets: budgets('stop') }) !== null)
    expect(stopped).toEqual(['starting', 'running', 'ready'])
  })

  test('ends whatever has a machine, where that was chosen', () => {
    const ended = statuses.filter((status) => verdict(plain({ status }), { budgets: budgets('terminate') }) !== null)
    expect(ended).toEqual([
      'requested',
      'launching',
      'starting',
      'running',
      'ready',
      'interrupted',
      'stopping',
      'stopped',
    ])
    expect(verdict(plain({ launch: null, status: 'requested' }), { budgets: budgets('terminate') })).toBeNull()
  })

  test('lets what runs go on, where only new launches are refused', () => {
    expect(verdict(plain(), { budgets: budgets('none', '20') })).toBeNull()
  })

  test('is told early enough to save work first', () => {
    const nearly = budgets('stop', '9.9').map((one) => ({ ...one, spending: { ...one.spending, perHour: usd('1') } }))
    expect(verdict(plain(), { budgets: nearly })).toBeNull()
    const saves = anInstanceWith({ checkpoint: { command: 'save', timeoutMs: 10 * minuteMs } })
    expect(verdict(saves, { budgets: nearly })).toMatchObject({ status: 'stopping', because: 'budget_spent' })
    // And to wait for one whose end nobody hears of: 6 min at a dollar an hour are all that is left.
    const unheard = anInstanceWith({ checkpoint: { command: 'save', timeoutMs: 5.5 * minuteMs } })
    expect(verdict(unheard, { budgets: nearly })).toMatchObject({ status: 'stopping' })
  })
})

test('an idle one is stopped on all the same while its marketplace is silent', () => {
  const decision = decide(anInstanceWith({ idle }), {
    sighting: { kind: 'unknown', why: 'no answer' },
    health: null,
    leftovers: 0,
    now,
    limits,
    policies: { activity: up, budgets: [] },
  })
  expect(decision).toMatchObject({
    status: 'stopping',
    because: 'idle_too_long',
    message: 'idle for 10 h; 30 min are allowed',
  })
})

test('whatever the policies, nothing is ended that the user did not allow to end', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...statuses),
      fc.boolean(),
      fc.constantFrom('none' as const, 'stop' as const),
      fc.boolean(),
      (status, canStop, action, isIdle) => {
        const instance = anInstanceWith(isIdle ? { idle } : {}, { status })
        const said = verdict(instance, { budgets: budgets(action) }, { canStop })
        expect(said?.status ?? 'stopping').toBe('stopping')
        if (!canStop) expect(said).toBeNull()
      },
    ),
  )
})
