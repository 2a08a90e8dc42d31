import type { LaunchDeps } from '../../app/launch-instance.ts'
import type { ListProvidersDeps } from '../../app/list-providers.ts'
import type { Route } from '../route.ts'
import {
  type ActDeps,
  restartInstanceRoute,
  startInstanceRoute,
  stopInstanceRoute,
  terminateInstanceRoute,
} from './instances/act.ts'
import { type Fingerprints, launchInstanceRoute, planInstanceRoute } from './instances/launch.ts'
import {
  getInstanceRoute,
  instanceCostsRoute,
  instanceEventsRoute,
  instanceLogsRoute,
  listInstancesRoute,
  type ReadDeps,
} from './instances/read.ts'
import { gpuModelsRoute } from './market/gpu-models.ts'
import { providersRoute } from './market/providers.ts'
import { marketplaceStatsRoute } from './market/stats.ts'
import { templatesRoute } from './market/templates.ts'
import { searchOffersAdvancedRoute, searchOffersRoute } from './offers/search.ts'

export type V1Deps = LaunchDeps & Fingerprints & ReadDeps & ActDeps & ListProvidersDeps

/** Every operation of `/api/v1`, in the order in which the documentation shows them. */
export const v1Routes: readonly Route<V1Deps>[] = [
  searchOffersRoute,
  searchOffersAdvancedRoute,
  gpuModelsRoute,
  providersRoute,
  marketplaceStatsRoute,
  templatesRoute,
  planInstanceRoute,
  launchInstanceRoute,
  listInstancesRoute,
  getInstanceRoute,
  instanceEventsRoute,
  instanceCostsRoute,
  instanceLogsRoute,
  startInstanceRoute,
  stopInstanceRoute,
  restartInstanceRoute,
  terminateInstanceRoute,
]
