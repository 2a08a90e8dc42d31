/** Vast.ai, imitated from its public documents. */

import { billFrom } from '../kit/bill.ts'
import { text } from '../kit/controlled.ts'
import { deprecatable } from '../kit/deprecation.ts'
import type {
  MachineReport,
  Marketplace,
  SimReply,
  SimRequest,
  SimulatorOptions,
  ThingReport,
} from '../kit/simulator.ts'
import { controlsOf } from './controls.ts'
import { admit } from './gate.ts'
import { catchUp } from './machines.ts'
import { accountRoutes } from './routes/account.ts'
import { askRoutes } from './routes/asks.ts'
import { billingRoutes } from './routes/billing.ts'
import { instanceRoutes } from './routes/instances.ts'
import { listRoutes } from './routes/list.ts'
import { logRoutes, uploaded } from './routes/logs.ts'
import type { Route } from './routes/route.ts'
import { searchRoutes } from './routes/search.ts'
import { volumeRoutes } from './routes/volumes.ts'
import { openWorld, type World } from './state.ts'
import { liveVolumes, usersOf } from './volumes.ts'

export interface VastOptions extends SimulatorOptions {
  /** A flat list of recorded wire offers that replaces the generated market; see `recordedOffersFrom`. */
  recordedOffers?: unknown[]
  /** About how many offers the generated market lists; 1,500 unless told otherwise. */
  offers?: number
}

/** The first that matches answers, so fixed paths come before paths with an id. */
const routes: Route[] = [
  ...searchRoutes,
  ...askRoutes.toReversed(), // "bulk" before an id
  ...listRoutes,
  ...billingRoutes,
  ...logRoutes,
  ...accountRoutes,
  ...volumeRoutes,
  ...instanceRoutes,
]

export function createVast(options: VastOptions): Marketplace {
  const accepted = options.apiKey ?? 'sim-vast'
  const world = openWorld({
    clock: options.clock,
    seed: options.seed,
    offers: options.offers ?? 1_500,
    ...(options.recordedOffers ? { recordedOffers: options.recordedOffers } : {}),
    ...(options.restored !== undefined ? { restored: options.restored } : {}),
  })

  const marketplace: Marketplace = {
    name: 'vast',
    controls: controlsOf(world),
    handle(request) {
      catchUp(world)
      return answer(world, request, accepted)
    },
    bill() {
      catchUp(world)
      return billFrom(world.state.meters, world.state.at)
    },
    machines() {
      catchUp(world)
      return Object.values(world.state.machines).map(
        (machine): MachineReport => ({
          id: String(machine.id),
          label: machine.label,
          state: machine.destroyedAt !== null ? 'destroyed' : machine.offline ? 'offline' : (machine.actual ?? 'null'),
          billing: machine.gpuMeter !== null || machine.diskMeter !== null,
        }),
      )
    },
    things() {
      catchUp(world)
      return liveVolumes(world).map(
        (volume): ThingReport => ({
          id: String(volume.id),
          kind: 'volume',
          name: volume.label,
          billing: true,
          attachedTo: usersOf(world, volume).map(String)[0] ?? null,
        }),
      )
    },
    snapshot() {
      catchUp(world)
      return structuredClone({ ...world.state, chance: world.random.state() })
    },
  }
  return deprecatable(marketplace, options)
}

function answer(world: World, request: SimRequest, accepted: string): SimReply {
  const path = request.path.length > 1 ? request.path.replace(/\/+$/, '') : request.path
  const upload = uploaded(world, request)
  if (upload) return upload
  const known = routes.filter((route) => route.path.test(path))
  const route = known.find((each) => each.method === request.method)
  if (!route) {
    return known.length > 0 ? text(405, '405: Method Not Allowed') : text(404, '404: Not Found')
  }
  const admitted = admit(world, request, route.endpoint, accepted)
  if ('reply' in admitted) return admitted.reply
  return route.answer({ world, request, params: route.path.exec(path)?.slice(1) ?? [], caller: admitted.caller })
}
