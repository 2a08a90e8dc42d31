/**
 * Paperspace Machines as https://api.paperspace.com/v1 speaks: Bearer keys, strict JSON, 200 for every success, one flat
 * shape for every error, and an event for everything that takes time. What is guessed is listed in README.md.
 */

import { billFrom } from '../kit/bill.ts'
import { json } from '../kit/controlled.ts'
import { deprecatable } from '../kit/deprecation.ts'
import { seededRandom } from '../kit/random.ts'
import type { Marketplace, SimReply, SimRequest, SimulatorOptions } from '../kit/simulator.ts'
import { isMetered } from './billing.ts'
import { controlsOf } from './controls.ts'
import { ApiError, notFound } from './errors.ts'
import { thingsOf } from './foreign-things.ts'
import { bringUpToDate } from './machines.ts'
import { catalogueRoutes } from './routes/catalogue.ts'
import { machineRoutes } from './routes/machines.ts'
import { addNetwork, networkingRoutes } from './routes/networking.ts'
import type { Route } from './routes/route.ts'
import { scriptRoutes } from './routes/scripts.ts'
import { storageRoutes } from './routes/storage.ts'
import { freshState, type State, type World } from './state.ts'

const routes: readonly Route[] = [
  ...catalogueRoutes,
  ...machineRoutes,
  ...scriptRoutes,
  ...networkingRoutes,
  ...storageRoutes,
]
const prefix = '/v1'

export function createPaperspace(options: SimulatorOptions): Marketplace {
  const world = worldFrom(options)
  const apiKey = options.apiKey ?? 'sim-paperspace'

  function handle(request: SimRequest): SimReply {
    bringUpToDate(world)
    try {
      return json(200, answer(request))
    } catch (error) {
      if (error instanceof ApiError) return errorReply(world, error)
      throw error
    }
  }

  /** The route is looked up before the key: an unknown path is a 404 even without one. */
  function answer(request: SimRequest): unknown {
    const { route, params } = routeFor(request)
    const authorized = isAuthorized(request, apiKey)
    if (!authorized && !route.open) {
      throw new ApiError('UNAUTHORIZED', 'You must be logged in to access this method.')
    }
    if (authorized) countAgainstLimit(world)
    return route.answer({ world, request, authorized, param: (name) => params[name] ?? '' })
  }

  const marketplace: Marketplace = {
    name: 'paperspace',
    handle,
    bill() {
      bringUpToDate(world)
      return billFrom(world.state.meters, world.clock.now())
    },
    machines() {
      bringUpToDate(world)
      return world.state.machines.map((machine) => ({
        id: machine.id,
        label: machine.name,
        state: machine.deletedAt === null ? machine.state : 'deleted',
        billing: isMetered(world, machine.id),
      }))
    },
    things() {
      bringUpToDate(world)
      return thingsOf(world)
    },
    snapshot() {
      bringUpToDate(world)
      return structuredClone({ ...world.state, random: world.random.state() })
    },
    controls: controlsOf(world),
  }
  return deprecatable(marketplace, options)
}

function worldFrom({ clock, seed, restored }: SimulatorOptions): World {
  if (restored !== undefined) {
    // An older snapshot lacks these.
    const state = Object.assign({ snapshots: [], customTemplates: [], drives: [] }, structuredClone(restored) as State)
    return { state, clock, random: seededRandom(state.random) }
  }
  const world: World = { state: freshState(seed, clock.now()), clock, random: seededRandom(seed) }
  for (const region of ['ny2', 'ca1', 'ams1']) addNetwork(world, `default-${region}`, region)
  return world
}

/** A real path with a wrong method is as unknown as a wrong path. */
function routeFor(request: SimRequest): { route: Route; params: Record<string, string> } {
  if (request.path.startsWith(`${prefix}/`)) {
    const pieces = request.path.slice(prefix.length).split('/')
    for (const route of routes) {
      const params = route.method === request.method ? paramsFor(route, pieces) : null
      if (params) return { route, params }
    }
  }
  throw notFound()
}

function paramsFor(route: Route, pieces: readonly string[]): Record<string, string> | null {
  const pattern = route.path.split('/')
  if (pattern.length !== pieces.length) return null
  const params: Record<string, string> = {}
  for (const [index, wanted] of pattern.entries()) {
    const piece = pieces[index] ?? ''
    if (wanted.startsWith(':')) {
      if (piece === '') return null
      params[wanted.slice(1)] = decoded(piece)
    } else if (piece !== wanted) return null
  }
  return params
}

function decoded(piece: string): string {
  try {
    return decodeURIComponent(piece)
  } catch {
    return piece
  }
}

function isAuthorized(request: SimRequest, apiKey: string): boolean {
  return /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '')?.[1]?.trim() === apiKey
}

/** No limit is published. 200 in a minute is what old integrations assumed. */
function countAgainstLimit(world: World): void {
  const { state } = world
  const { requestsPerMinute, retryAfterSeconds } = state.orders
  if (requestsPerMinute === null) return
  const now = world.clock.now()
  state.requestTimes = state.requestTimes.filter((at) => at > now - 60_000)
  if (state.requestTimes.length >= requestsPerMinute) {
    const headers: Record<string, string> =
      retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) }
    throw new ApiError('TOO_MANY_REQUESTS', 'Rate limit exceeded', { headers })
  }
  state.requestTimes.push(now)
}

function errorReply(world: World, error: ApiError): SimReply {
  const { issues } = error
  const shown = issues && world.state.orders.validationIssues
  const body = { message: error.message, code: error.code }
  return json(error.status, shown ? { ...body, issues: issues.map((message) => ({ message })) } : body, error.headers)
}
