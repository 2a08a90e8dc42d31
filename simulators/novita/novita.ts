/** Novita's GPU instances as a function on a clock: routing, key, rate limit. See README.md. */

import { deprecatable } from '../kit/deprecation.ts'
import { seededRandom } from '../kit/random.ts'
import type {
  MachineReport,
  Marketplace,
  SimReply,
  SimRequest,
  SimulatorOptions,
  ThingReport,
} from '../kit/simulator.ts'
import type { Route } from './call.ts'
import { controlsFor } from './controls.ts'
import { appReply } from './endpoints.ts'
import { marketTime } from './market.ts'
import { bill, isMetered } from './meters.ts'
import { newState } from './new-state.ts'
import { takeToken } from './rate-limit.ts'
import { errorReply, pageNotFound, Refusal, refuse } from './replies.ts'
import { billingRoutes } from './routes/billing.ts'
import { instanceRoutes } from './routes/instances-v1.ts'
import { jobRoutes } from './routes/jobs.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { productRoutes } from './routes/products.ts'
import { alive, storageRoutes } from './routes/storage.ts'
import { templateRoutes } from './routes/templates.ts'
import { v2Routes } from './routes/v2.ts'
import type { State, World } from './state.ts'
import { bringUpToDate } from './time.ts'

const routes: readonly Route[] = [
  ...instanceRoutes,
  ...metricsRoutes,
  ...productRoutes,
  ...templateRoutes,
  ...storageRoutes,
  ...jobRoutes,
  ...v2Routes,
  ...billingRoutes,
]

export function createNovita(options: SimulatorOptions): Marketplace {
  const world = worldFrom(options)

  function handle(request: SimRequest): SimReply {
    bringUpToDate(world)
    const app = appReply(world, request)
    if (app) return app
    const found = routeOf(request)
    // The router answers before anybody asks for a key.
    if (!found) return pageNotFound()
    try {
      checkKey(world, request)
      checkRate(world)
      const reply = found.route.answer({ world, request, query: request.query, params: found.params })
      // With a pace of zero an order is done at once, and the next look shows it.
      bringUpToDate(world)
      return reply
    } catch (error) {
      if (error instanceof Refusal) return error.reply
      throw error
    }
  }

  const marketplace: Marketplace = {
    name: 'novita',
    handle,
    bill() {
      bringUpToDate(world)
      return bill(world)
    },
    machines() {
      bringUpToDate(world)
      return world.state.machines.map(
        (machine): MachineReport => ({
          id: machine.id,
          label: machine.name || null,
          state: machine.status,
          billing: isMetered(world, machine.id),
        }),
      )
    },
    things() {
      bringUpToDate(world)
      return world.state.storages.map(
        (storage): ThingReport => ({
          id: storage.id,
          kind: 'volume',
          name: storage.name,
          billing: isMetered(world, storage.id),
          attachedTo: alive(world).find(({ volumes }) => volumes.some(({ id }) => id === storage.id))?.id ?? null,
        }),
      )
    },
    snapshot: () => structuredClone({ ...world.state, random: world.random.state() }),
    controls: controlsFor(world),
  }
  return deprecatable(marketplace, options)
}

function worldFrom(options: SimulatorOptions): World {
  const { clock, seed, restored } = options
  const state = restored === undefined ? newState(clock, seed) : (structuredClone(restored) as State)
  const world: World = {
    clock,
    seed,
    apiKey: options.apiKey ?? 'sim-novita',
    random: seededRandom(state.random),
    state,
  }
  // A clock that starts again from zero must not turn the market back.
  if (marketTime(world) < state.marketMs) state.marketOffsetMs += state.marketMs - marketTime(world)
  return world
}

function routeOf(request: SimRequest): { route: Route; params: Record<string, string> } | null {
  for (const route of routes) {
    if (route.method !== request.method) continue
    const params = match(route.path, request.path)
    if (params) return { route, params }
  }
  return null
}

function match(pattern: string, path: string): Record<string, string> | null {
  if (pattern === path) return {}
  const wanted = pattern.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return null
  const params: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const actual = given[index] ?? ''
    if (part.startsWith('{') && actual !== '') params[part.slice(1, -1)] = actual
    else if (part !== actual) return null
  }
  return params
}

function checkKey(world: World, request: SimRequest): void {
  const given = request.headers.authorization ?? ''
  if (given === `Bearer ${world.apiKey}`) return
  const reasons = { '401': 'UNAUTHORIZED', '403': 'INVALID_API_KEY', '400': 'MISSING_API_KEY' }
  refuse(reasons[world.state.settings.refusesKeyWith])
}

function checkRate(world: World): void {
  const { rateBurst, ratePerSecond, retryAfterSeconds } = world.state.settings
  if (takeToken(world, 'api', rateBurst, ratePerSecond)) return
  const reply = errorReply('RATE_LIMIT_EXCEEDED', 'rate limit exceeded')
  if (retryAfterSeconds !== null) reply.headers['retry-after'] = String(retryAfterSeconds)
  throw new Refusal(reply)
}
