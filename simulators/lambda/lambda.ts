/** Lambda Cloud's on-demand API (document version 1.10.0) as a function of the clock. See README.md. */

import { billFrom } from '../kit/bill.ts'
import { json } from '../kit/controlled.ts'
import { deprecatable } from '../kit/deprecation.ts'
import type { Marketplace, SimReply, SimRequest, SimulatorOptions, ThingReport } from '../kit/simulator.ts'
import { lambdaControls } from './controls.ts'
import { internalError, notFound, providerUnavailable, Refusal, refusalReply } from './errors.ts'
import { checkAccount, cloudflarePage, rateLimited } from './front-door.ts'
import { runningMeter } from './machines.ts'
import { launchPath, routeFor } from './routes/table.ts'
import { openingState, step, takeOrder } from './state.ts'
import { userOf } from './views.ts'

const basePath = '/api/v1'

export function createLambda(options: SimulatorOptions): Marketplace {
  const { clock } = options
  const apiKey = options.apiKey ?? 'sim-lambda'
  const state = openingState(options)

  function handle(request: SimRequest): SimReply {
    step(state, clock)
    const blocked = cloudflarePage(state, request)
    if (blocked) return blocked
    try {
      checkAccount(state, request, apiKey)
      const path = request.path.startsWith(`${basePath}/`) ? request.path.slice(basePath.length) : ''
      const limited = rateLimited(state, path, clock.now())
      if (limited) return limited
      const found = routeFor(request.method, path)
      if (!found) throw notFound()
      const trouble = takeOrder(state.upstreamFailures, ({ path: only }) => only === null || path.includes(only))
      const failure = trouble && (trouble.kind === 'provider' ? providerUnavailable() : internalError())
      if (failure && !trouble.applied) throw failure
      const answer = found.route.answer({ state, request, clock, id: found.id })
      if (failure) throw failure
      const reply = json(200, found.route.whole ? answer : { data: answer })
      const { launchReplyMs } = state.settings
      return path === launchPath && launchReplyMs > 0 ? { ...reply, delayMs: launchReplyMs } : reply
    } catch (error) {
      if (error instanceof Refusal) return refusalReply(error)
      throw error
    }
  }

  const marketplace: Marketplace = {
    name: 'lambda',
    handle,
    bill() {
      step(state, clock)
      return billFrom(state.meters, clock.now())
    },
    machines() {
      step(state, clock)
      return state.machines.map((machine) => ({
        id: machine.id,
        label: machine.name,
        state: machine.status,
        billing: runningMeter(state, machine) !== undefined,
      }))
    },
    things() {
      step(state, clock)
      return state.filesystems.map(
        (filesystem): ThingReport => ({
          id: filesystem.id,
          kind: 'filesystem',
          name: filesystem.name,
          billing: (filesystem.usedGib ?? 0) > 0,
          attachedTo: userOf(state, filesystem)?.id ?? null,
        }),
      )
    },
    snapshot: () => structuredClone(state),
    controls: lambdaControls(state, clock),
  }
  return deprecatable(marketplace, options)
}
