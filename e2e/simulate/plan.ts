import type { ProviderName } from '../../server/src/core/providers.ts'
import { minuteMs } from '../../server/src/core/time.ts'
import type { Random } from '../../simulators/kit/random.ts'
import type { Calm } from './calm.ts'
import type { Host } from './host.ts'
import type { Marketplaces } from './marketplaces.ts'
import type { Tilt } from './mutations.ts'
import { giveOrder } from './orders.ts'
import type { PlannedLaunch, Scenario } from './scenario.ts'
import type { Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'
import type { Users } from './users.ts'
import type { Watch } from './watch.ts'

export interface PlanDeps {
  scenario: Scenario
  tilt: Tilt
  timeline: Timeline
  trace: Trace
  calm: Calm
  host: Host
  marketplaces: Marketplaces
  users: Users
  watch: Watch
  random: Random
}

/** As long as a claim lasts, and what was claimed meanwhile. */
const claimMs = 7 * minuteMs

/** Puts everything that is going to happen on the timeline. */
export function plan(deps: PlanDeps): void {
  const { scenario, tilt, timeline, users } = deps
  for (const provider of scenario.names) {
    for (const { control, body } of tilt.orders ?? []) {
      const answer = deps.marketplaces.order(provider, control, body)
      if (control === 'foreign-machine') deps.watch.foreign.add(String(answer.machine))
    }
  }
  for (const budget of scenario.budgets) timeline.at(budget.at, () => void users.setBudget(budget.body))
  for (const launch of scenario.launches) timeline.at(launch.at, () => launchAsPlanned(launch, deps))
  planFaults(deps)
  planTrouble(deps)
  planOrders(deps)
}

function launchAsPlanned({ at, body, key, repeats, actions }: PlannedLaunch, { timeline, users, scenario }: PlanDeps) {
  const launched = users.launch(body, key)
  for (const laterMs of key === null ? [] : repeats) timeline.at(at + laterMs, () => void users.launch(body, key))
  void launched.then((id) => {
    if (id === undefined) return
    for (const { afterMs, action } of actions) {
      timeline.at(timeline.now() + afterMs, () => {
        if (timeline.now() >= scenario.until) return
        if (action === 'end') void users.end(id)
        else if (action === 'look') void users.look(`/api/v1/instances/${id}/costs`)
        else void users.act(id, action)
      })
    }
  })
}

function planFaults({ scenario, timeline, trace, calm, marketplaces }: PlanDeps): void {
  for (const { at, provider, forMs, fault } of scenario.faults) {
    timeline.at(at, () => {
      const { faults } = marketplaces.simulators[provider] ?? {}
      trace.add(`fault   ${provider} ${JSON.stringify(fault)} for ${forMs / 1000} s`)
      faults?.add(fault)
      timeline.at(at + forMs, () => {
        const others = faults?.list().slice(1) ?? []
        faults?.clear()
        for (const other of others) faults?.add(other)
        calm.disturb(provider)
      })
    })
  }
}

/** What happens to the computer that the server runs on. */
function planTrouble({ scenario, timeline, trace, calm, host, watch }: PlanDeps): void {
  for (const { at, ...trouble } of scenario.storeTroubles) {
    timeline.at(at, () => {
      trace.add(`store   ${JSON.stringify(trouble)}`)
      host.storeTrouble = { ...trouble }
      calm.disturb()
      // Claims that were written and not told run out by themselves.
      if (trouble.when === 'after') timeline.at(at + claimMs, () => calm.disturb(undefined, claimMs))
    })
  }
  for (const { at, ms } of scenario.sleeps) {
    timeline.at(at, () => {
      trace.add(`sleep   ${ms / 1000} s`)
      timeline.skip(ms)
      calm.disturb(undefined, ms)
      // What was on its way has arrived only now, together with what is sent now.
      watch.timeWasLost()
    })
  }
  const setClock = (ms: number) => {
    trace.add(`clock   ${ms / 1000} s off`)
    host.skewMs = ms
    watch.timeWasLost()
  }
  for (const { at, ms, forMs } of scenario.clockErrors) {
    timeline.at(at, () => setClock(ms))
    timeline.at(at + forMs, () => setClock(0))
  }
}

const foreignThings: Record<ProviderName, string> = {
  vast: 'volume',
  runpod: 'volume',
  lambda: 'filesystem',
  paperspace: 'address',
  novita: 'volume',
}

/** What marketplaces and other people do. */
function planOrders({ scenario, tilt, timeline, trace, marketplaces, watch, random }: PlanDeps): void {
  for (const { at, provider } of scenario.orders) {
    timeline.at(at, () => {
      const id = giveOrder(provider, marketplaces, watch.foreign, random, tilt.order)
      if (id !== undefined) watch.taken.push({ id, provider, at: timeline.now() })
      watch.expectNews()
    })
  }
  for (const { at, provider, what, label } of scenario.foreign) {
    timeline.at(at, () => {
      const thing = { kind: foreignThings[provider], name: label ?? 'made-in-the-console' }
      try {
        const made =
          what === 'machine'
            ? marketplaces.order(provider, 'foreign-machine', { label }).machine
            : marketplaces.order(provider, 'special/foreign-thing', thing).thing
        watch.foreign.add(String(made))
      } catch {
        trace.add(`order   ${provider} has no room for a foreign ${what}`)
      }
    })
  }
}
