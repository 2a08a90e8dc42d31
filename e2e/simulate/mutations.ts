import type { ProviderName } from '../../server/src/core/providers.ts'
import type { Fault } from '../../simulators/kit/faults.ts'

/**
 * Bugs that have cost others machines and money. Each is planted into one file of the server while it is loaded, and some
 * invariant has to catch it.
 */
export interface Mutation {
  name: string
  /** The invariants that have to catch it; another one would be chance. */
  caughtBy: readonly string[]
  /** Below the repository. */
  file: string
  /** Text as it stands there, and what it becomes. A text that is not found exactly once is an error. */
  replace: readonly (readonly [found: string, becomes: string])[]
  /** The weather in which it shows soonest; the same invariants are checked in it. */
  tilt: Tilt
}

/** Bends every scenario one way. */
export interface Tilt {
  names?: readonly ProviderName[]
  /** Trouble of this kind, instead of any kind. */
  faults?: readonly Fault[]
  /** Orders to each marketplace at the beginning. */
  orders?: readonly { control: string; body: object }[]
  /** What all wishes have in common. */
  wish?: Record<string, unknown>
  /** Orders in the course of time are of this kind. */
  order?: 'interrupt'
  /** So many deaths at most. */
  deaths?: number
  /** Budgets, and launches at the same moment. */
  budget?: true
  /** Worlds that go on for longer. */
  longer?: true
  /** Computers that fall asleep, in most worlds. */
  sleeps?: true
}

const lostReplies: Fault = { kind: 'lose_reply', method: 'POST' }

export const mutations: readonly Mutation[] = [
  {
    name: 'list lag ignored',
    caughtBy: ['noBillingMachineIsWrittenOff'],
    file: 'server/src/reconcile/sight.ts',
    replace: [['begunAt < couldBeListedFrom + listLagMs', 'begunAt < launch.intendedAt']],
    tilt: {
      names: ['runpod', 'lambda', 'novita'],
      faults: [lostReplies],
      orders: [{ control: 'list-lag', body: { ms: 14_000 } }],
    },
  },
  {
    name: 'an auth error read as absence',
    caughtBy: ['noBillingMachineIsWrittenOff'],
    file: 'server/src/reconcile/fleet.ts',
    replace: [
      [
        "return { kind: 'failed', at: now(), why: error.message }",
        "if (error.kind === 'unauthorized') return { kind: 'good', look: { machines: [], at: now() }, begunAt }\n      return { kind: 'failed', at: now(), why: error.message }",
      ],
    ],
    tilt: {
      names: ['lambda', 'novita'],
      faults: [{ kind: 'status', status: 401, body: '{}', method: 'GET', path: 'instances' }, lostReplies],
    },
  },
  {
    name: '`instances: null` read as an empty fleet',
    caughtBy: ['noBillingMachineIsWrittenOff'],
    file: 'server/src/providers/vast/wire.ts',
    replace: [
      [
        'instances: z.array(VastInstance),',
        'instances: z.array(VastInstance).nullable().transform((list) => list ?? []),',
      ],
    ],
    tilt: {
      names: ['vast'],
      faults: [{ kind: 'status', status: 200, body: '{"success":true,"instances":null}', method: 'GET' }],
    },
  },
  {
    name: 'a short page taken for the last one',
    caughtBy: ['noBillingMachineIsWrittenOff'],
    file: 'server/src/providers/runpod/fleet.ts',
    replace: [
      ['if (!pagination?.hasNextPage) return', 'if (!pagination?.hasNextPage || pods.length < listPageRows) return'],
    ],
    tilt: {
      names: ['runpod'],
      faults: [lostReplies],
      orders: [
        { control: 'special/page-size', body: { n: 1 } },
        { control: 'foreign-machine', body: { label: 'colleague' } },
      ],
    },
  },
  {
    name: 'resend of a create after a 5xx',
    caughtBy: ['oneMachineForOneAttempt'],
    file: 'server/src/outbound/http-client.ts',
    replace: [["request.repeat === 'safe' ? settings.tries : 1", 'settings.tries']],
    tilt: {
      faults: [
        { kind: 'status_after', status: 502, body: '', method: 'PUT' },
        { kind: 'status_after', status: 502, body: '', method: 'POST', path: 'machines' },
        { kind: 'status_after', status: 502, body: '', method: 'POST', path: 'create' },
        { kind: 'status_after', status: 502, body: '', method: 'POST', path: 'pods' },
      ],
    },
  },
  {
    name: 'intent skipped',
    caughtBy: ['everyMachineIsWrittenDown'],
    file: 'server/src/reconcile/launch.ts',
    replace: [
      [
        '  const mayGoOn = await deps.instances',
        '  const early = await tryLaunch(provider, order, intent, deps)\n  const mayGoOn = await deps.instances',
      ],
      ['const outcome = await tryLaunch(provider, order, intent, deps)', 'const outcome = early'],
    ],
    tilt: { deaths: 8 },
  },
  {
    name: 'label lost',
    caughtBy: ['everyMachineIsWrittenDown'],
    file: 'server/src/providers/vast/launch-body.ts',
    replace: [['label: order.label', "label: 'job'"]],
    tilt: { names: ['vast'] },
  },
  {
    name: 'fencing dropped',
    caughtBy: ['statusesMoveLegally', 'noBillingMachineIsWrittenOff', 'whatWasPromisedHolds'],
    file: 'server/src/store/instances.ts',
    replace: [[".where('claim_token', '=', claim.token)\n      .executeTakeFirst()", '.executeTakeFirst()']],
    tilt: { faults: [{ kind: 'late', delayMs: 25_000 }] },
  },
  {
    name: 'a price scale off by ten (1/100000 read as 1/10000)',
    caughtBy: ['ledgerHoldsTheBill'],
    file: 'server/src/providers/novita/offers.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is text of a source
    replace: [['nanosFromUsd(`${price}e-5`)', 'nanosFromUsd(`${price}e-4`)']],
    tilt: { names: ['novita'] },
  },
  {
    name: 'double charge at a clock jump',
    caughtBy: ['nothingIsChargedTwice'],
    file: 'server/src/core/charges/charge.ts',
    replace: [
      [
        'return [...earlier, { ...open, certain, lastOnAt: Math.max(open.lastOnAt, begunAt) }]',
        `const until = { ...open, certain, lastOnAt: Math.max(open.lastOnAt, begunAt) }
  if (until.lastOnAt - open.lastOnAt < 600_000) return [...earlier, until]
  const again = { ...until, sequence: until.sequence + 1, startedAfter: open.lastOnAt, startedBefore: open.lastOnAt }
  return [...earlier, ended(until, at, at), again]`,
      ],
    ],
    tilt: { sleeps: true },
  },
  {
    name: 'giving up on a termination',
    caughtBy: ['noBillingMachineIsWrittenOff'],
    file: 'server/src/core/instances/decide.ts',
    replace: [['launch.settledAt !== null || gone) {', 'launch.settledAt !== null || gone || launch.orders >= 5) {']],
    tilt: { faults: [{ kind: 'status', status: 503, body: '{}' }, { kind: 'refuse' }] },
  },
  {
    name: 'interruption while starting forgotten',
    caughtBy: ['interruptionsAreNoticed'],
    file: 'server/src/core/instances/decide.ts',
    replace: [
      [
        "return again ? interrupted(instance, situation) : nextOffer(instance, situation, 'interrupted')\n    case 'failed'",
        "return stay(instance, situation)\n    case 'failed'",
      ],
      ["if (!again && launch.offer.market === 'spot') return nextOffer(instance, situation, 'interrupted')", ''],
      [
        "if (!again) return nextOffer(instance, situation, 'start_failed', { machine })\n      // Started",
        '// Started',
      ],
    ],
    tilt: {
      names: ['vast'],
      wish: { market: 'spot' },
      order: 'interrupt',
      faults: [],
      orders: [{ control: 'pace', body: { loadingMs: 400_000 } }],
    },
  },
  {
    name: 'autostop setting lost on relaunch',
    caughtBy: ['policiesAreKept'],
    file: 'server/src/core/policies/idle.ts',
    replace: [['if (policy === null || (', 'if (policy === null || instance.attempt > 1 || (']],
    tilt: {
      names: ['vast'],
      longer: true,
      order: 'interrupt',
      faults: [],
      wish: {
        market: 'spot',
        health: undefined,
        policies: {
          on_interruption: 'relaunch',
          idle_timeout_minutes: 5,
          idle_action: 'terminate',
          idle_busy_above_percent: null,
        },
      },
    },
  },
  {
    name: 'two launches past one budget',
    caughtBy: ['noLaunchPassesABudget'],
    file: 'server/src/store/budgets.ts',
    replace: [
      [
        'await spendingIn(database, budget, now), needed)',
        '{ ...(await spendingIn(database, budget, now)), held: nanos(0n), heldForLeftovers: nanos(0n) }, needed)',
      ],
    ],
    tilt: { budget: true, faults: [] },
  },
]
