import type { Status } from '../../server/src/core/instances/status.ts'
import type { ProviderName } from '../../server/src/core/providers.ts'
import { minuteMs, secondMs } from '../../server/src/core/time.ts'
import type { Calm } from './calm.ts'
import type { Host } from './host.ts'
import * as invariants from './invariants.ts'
import { Broken, type Facts, type InstanceRow, type LaunchRow, type TakenBack } from './invariants.ts'
import type { Arrival, Marketplaces } from './marketplaces.ts'
import type { Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'
import type { Promised } from './users.ts'

/** Looks at a world from outside, and checks after every step that what must hold holds. */
export interface Watch {
  readonly promised: Promised
  readonly foreign: Set<string>
  readonly taken: TakenBack[]
  arrived(arrival: Arrival): void
  logged(text: string): void
  /** The clock was set, or the computer slept: the pace of what is sent is not what the process thinks it is. */
  timeWasLost(): void
  /** Something was ordered at a marketplace: look soon. */
  expectNews(): void
  /** Checks when there is news, or when it is time. @returns whether it did */
  step(): boolean
  /** Nothing is left, and nothing is under way. */
  isOver(): boolean
  /** After the last step. */
  finally(): void
  facts(): Facts
}

export interface WatchDeps {
  host: () => Host
  marketplaces: () => Marketplaces
  timeline: Timeline
  trace: Trace
  calm: Calm
  secrets: () => readonly string[]
  wrong(error: unknown): void
}

/** The marketplaces' machines are looked through at least so often. */
const checkEveryMs = 20 * secondMs
const paceMendsMs = 5 * minuteMs

export function createWatch(deps: WatchDeps): Watch {
  const { timeline, trace, calm, secrets, wrong } = deps
  const refusals: string[] = []
  const unneededSince: Facts['unneededSince'] = new Map()
  const upSince: Facts['upSince'] = new Map()
  const firstUpAt: Facts['firstUpAt'] = new Map()
  const statusOf = new Map<string, Status>()
  const intended = new Set<string>()
  let storeMade = false
  let lastEvent = 0
  let lastCheck = 0
  let news = true
  let timeLostAt = Number.NEGATIVE_INFINITY

  const watch: Watch = {
    foreign: new Set(),
    taken: [],
    promised: {
      instances: new Set(),
      byKey: new Map(),
      ended: new Map(),
      policies: new Map(),
      budgets: [],
      told: (text) => guarded(() => invariants.noSecretIsTold(secrets(), 'an answer', text)),
      broken: (promise) => wrong(new Broken('whatWasPromisedHolds', promise)),
    },
    arrived(arrival) {
      if (arrival.disturbed) calm.disturb(arrival.provider)
      else if (arrival.status === 429 && timeline.now() - timeLostAt > paceMendsMs) {
        refusals.push(`${arrival.method} ${arrival.path} at ${arrival.provider}`)
      }
      if (arrival.method !== 'GET') news = true
      guarded(() => invariants.foreignMachinesAreLeftAlone(watch.foreign, arrival))
    },
    logged: (text) => guarded(() => invariants.noSecretIsTold(secrets(), 'the log', text)),
    timeWasLost() {
      timeLostAt = timeline.now()
      calm.disturb()
    },
    expectNews() {
      news = true
    },
    step() {
      if (!news && timeline.now() - lastCheck < checkEveryMs) return false
      news = false
      lastCheck = timeline.now()
      guarded(check)
      return true
    },
    isOver() {
      const { instances, launches } = facts()
      return (
        [...instances.values()].every(({ status }) => status === 'terminated' || status === 'failed') &&
        [...launches.values()].every(({ settled_at }) => settled_at !== null)
      )
    },
    finally: () =>
      guarded(() => {
        invariants.nothingIsLeft(facts())
        const tables = rows<{ name: string }>("select name from sqlite_master where type = 'table'")
        for (const { name } of tables) {
          const dump = JSON.stringify(rows(`select * from "${name}"`), plain)
          invariants.noSecretIsTold(secrets(), `the table ${name}`, dump)
        }
      }),
    facts,
  }
  return watch

  function guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      wrong(error)
    }
  }

  function check(): void {
    readEvents()
    const known = facts()
    invariants.oneMachineForOneAttempt(known)
    invariants.everyMachineIsWrittenDown(known)
    invariants.noBillingMachineIsWrittenOff(known)
    invariants.whatIsNotNeededEnds(known)
    invariants.whatWasPromisedHolds(known, watch.promised)
    invariants.interruptionsAreNoticed(known, watch.taken)
    invariants.policiesAreKept(known, watch.promised.policies)
    for (const launch of known.launches.values()) {
      if (intended.has(launch.label)) continue
      intended.add(launch.label)
      for (const budget of watch.promised.budgets) invariants.noLaunchPassesABudget(known, launch, budget)
    }
    invariants.limitsAreKept(refusals)
  }

  function facts(): Facts {
    const { names, simulators } = deps.marketplaces()
    const bills = new Map<string, ReturnType<Facts['billOf']>>()
    const billOf = (provider: ProviderName) => {
      const lines = bills.get(provider) ?? simulators[provider]?.marketplace.bill().lines ?? []
      bills.set(provider, lines)
      return lines
    }
    return {
      now: timeline.now(),
      calm,
      foreign: watch.foreign,
      machines: names.flatMap((provider) =>
        (simulators[provider]?.marketplace.machines() ?? []).map((machine) => ({ ...machine, provider })),
      ),
      things: names.flatMap((provider) =>
        (simulators[provider]?.marketplace.things() ?? []).map((thing) => ({ ...thing, provider })),
      ),
      launches: new Map(rows<LaunchRow>(launchesSql).map((row) => [row.label, row])),
      instances: new Map(rows<InstanceRow>(instancesSql).map((row) => [row.id, row])),
      unneededSince,
      upSince,
      firstUpAt,
      billOf,
    }
  }

  function readEvents(): void {
    for (const event of rows<EventRow>(eventsSql, lastEvent)) {
      lastEvent = event.id
      const told = `${event.kind} ${event.status ?? ''} ${event.because ?? ''} ${event.message} ${event.data}`
      trace.add(`event   ${event.instance_id} ${told.slice(0, 300)}`)
      invariants.noSecretIsTold(secrets(), 'an event', told)
      if (event.kind !== 'status' || event.instance_id === null || event.status === null) continue
      invariants.statusesMoveLegally(statusOf.get(event.instance_id), event.status, event.instance_id)
      statusOf.set(event.instance_id, event.status)
      noteUp(event.instance_id, event.status)
    }
  }

  function noteUp(id: string, status: Status): void {
    if (status !== 'running' && status !== 'ready') {
      upSince.delete(id)
      return
    }
    if (!upSince.has(id)) upSince.set(id, timeline.now())
    if (!firstUpAt.has(id)) firstUpAt.set(id, timeline.now())
  }

  /** Nothing is stored before the first process has made its tables. */
  function rows<Row>(sql: string, ...given: number[]): Row[] {
    return isStoreMade() ? deps.host().read<Row>(sql, ...given) : []
  }

  function isStoreMade(): boolean {
    if (storeMade) return true
    try {
      storeMade = deps.host().read("select 1 from sqlite_master where name = 'idempotency_keys'").length > 0
    } catch {
      // The file is not there yet.
    }
    return storeMade
  }
}

interface EventRow {
  id: number
  instance_id: string | null
  kind: string
  status: Status | null
  because: string | null
  message: string
  data: string
}

const eventsSql = 'select id, instance_id, kind, status, because, message, data from events where id > ? order by id'
const instancesSql = 'select id, wanted, status, status_since, attempt from instances'
const launchesSql = `
  select instance_id, attempt, label, provider, external_id, intended_at, abandoned_at, settled_at,
    json_extract(offer, '$.market') as market, comparable_price_nano
  from launches`

export function plain(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  return value instanceof Error ? { ...value, message: value.message, stack: value.stack, cause: value.cause } : value
}
