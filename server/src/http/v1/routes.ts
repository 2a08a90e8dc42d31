import type { ActivityDeps } from '../../app/activity.ts'
import type { AdoptDeps } from '../../app/adopt-instance.ts'
import type { AuditDeps } from '../../app/audit.ts'
import type { BillReconciliationDeps } from '../../app/bill-reconciliation.ts'
import type { BudgetDeps } from '../../app/budgets.ts'
import type { PoliciesDeps } from '../../app/change-policies.ts'
import type { CostsDeps } from '../../app/costs.ts'
import type { GpuModelDeps } from '../../app/gpu-models.ts'
import type { LaunchHistoryDeps } from '../../app/instance-launches.ts'
import type { KeyDeps } from '../../app/keys.ts'
import type { LaunchDeps } from '../../app/launch-instance.ts'
import type { ListProvidersDeps } from '../../app/list-providers.ts'
import type { MarketHistoryDeps } from '../../app/market-history.ts'
import type { OperationsDeps } from '../../app/operations.ts'
import type { ProviderKeyDeps } from '../../app/provider-keys.ts'
import type { ProviderVersionsDeps } from '../../app/provider-versions.ts'
import type { ReconciliationDeps } from '../../app/reconciliation.ts'
import type { ReleaseDeps } from '../../app/release-instance.ts'
import type { ReloadDeps } from '../../app/reload-settings.ts'
import type { SwitchProviderDeps } from '../../app/switch-provider.ts'
import type { TemplateDeps } from '../../app/templates.ts'
import type { WebhookDeps } from '../../app/webhooks.ts'
import type { IdempotencyDeps } from '../idempotency.ts'
import type { Route } from '../route.ts'
import { reloadRoute } from './admin/reload.ts'
import { listAuditRoute, verifyAuditRoute } from './audit/routes.ts'
import {
  changeBudgetRoute,
  createBudgetRoute,
  getBudgetRoute,
  listBudgetsRoute,
  removeBudgetRoute,
} from './budgets/routes.ts'
import { billReconciliationRoute, getCostsRoute } from './costs/routes.ts'
import {
  type ActDeps,
  restartInstanceRoute,
  startInstanceRoute,
  stopInstanceRoute,
  terminateInstanceRoute,
} from './instances/act.ts'
import { reportActivityRoute } from './instances/activity.ts'
import { launchInstanceRoute, planInstanceRoute } from './instances/launch.ts'
import { instanceLaunchesRoute } from './instances/launches.ts'
import { changePoliciesRoute, extendInstanceRoute, snoozeInstanceRoute } from './instances/policies.ts'
import {
  getInstanceRoute,
  instanceCostsRoute,
  instanceEventsRoute,
  instanceLogsRoute,
  listInstancesRoute,
  type ReadDeps,
} from './instances/read.ts'
import { listProviderAccountsRoute, removeProviderKeyRoute, setProviderKeyRoute } from './keys/provider-accounts.ts'
import { createKeyRoute, listKeysRoute, revokeKeyRoute, rotateKeyRoute } from './keys/routes.ts'
import { whoamiRoute } from './keys/whoami.ts'
import { availabilityRoute } from './market/availability.ts'
import { benchmarksRoute } from './market/benchmarks.ts'
import { removeGpuModelRoute, setGpuModelRoute } from './market/change-gpu-models.ts'
import { gpuModelsRoute } from './market/gpu-models.ts'
import { providersRoute } from './market/providers.ts'
import { marketplaceStatsRoute } from './market/stats.ts'
import {
  changeTemplateRoute,
  createTemplateRoute,
  deleteTemplateRoute,
  getTemplateRoute,
  templatesRoute,
  templateVersionsRoute,
} from './market/templates.ts'
import { priceTrendsRoute } from './market/trends.ts'
import { searchOffersAdvancedRoute, searchOffersRoute } from './offers/search.ts'
import { listOperationsRoute } from './operations/list.ts'
import { switchProviderRoute } from './providers/switch.ts'
import { providerVersionsRoute } from './providers/versions.ts'
import { adoptInstanceRoute, releaseInstanceRoute } from './reconciliation/adopt.ts'
import { reconciliationRoute, runReconciliationRoute } from './reconciliation/read.ts'
import {
  addWebhookRoute,
  changeWebhookRoute,
  getWebhookRoute,
  listWebhookDeliveriesRoute,
  listWebhooksRoute,
  removeWebhookRoute,
  replayWebhookDeliveryRoute,
  rotateWebhookSecretRoute,
  testWebhookRoute,
} from './webhooks/routes.ts'

export type V1Deps = LaunchHistoryDeps &
  ActivityDeps &
  GpuModelDeps &
  MarketHistoryDeps &
  BudgetDeps &
  PoliciesDeps &
  AuditDeps &
  OperationsDeps &
  WebhookDeps &
  LaunchDeps &
  TemplateDeps &
  IdempotencyDeps &
  KeyDeps &
  ProviderKeyDeps &
  ReadDeps &
  ActDeps &
  ListProvidersDeps &
  ProviderVersionsDeps &
  SwitchProviderDeps &
  ReloadDeps &
  ReconciliationDeps &
  AdoptDeps &
  ReleaseDeps &
  CostsDeps &
  BillReconciliationDeps

/** Every operation of `/api/v1`, in the order in which the documentation shows them. */
export const v1Routes: readonly Route<V1Deps>[] = [
  searchOffersRoute,
  searchOffersAdvancedRoute,
  gpuModelsRoute,
  setGpuModelRoute,
  removeGpuModelRoute,
  providersRoute,
  providerVersionsRoute,
  switchProviderRoute,
  marketplaceStatsRoute,
  priceTrendsRoute,
  availabilityRoute,
  benchmarksRoute,
  templatesRoute,
  getTemplateRoute,
  templateVersionsRoute,
  createTemplateRoute,
  changeTemplateRoute,
  deleteTemplateRoute,
  planInstanceRoute,
  launchInstanceRoute,
  listInstancesRoute,
  getInstanceRoute,
  instanceEventsRoute,
  instanceCostsRoute,
  instanceLaunchesRoute,
  instanceLogsRoute,
  startInstanceRoute,
  stopInstanceRoute,
  restartInstanceRoute,
  terminateInstanceRoute,
  reportActivityRoute,
  snoozeInstanceRoute,
  extendInstanceRoute,
  changePoliciesRoute,
  getCostsRoute,
  billReconciliationRoute,
  listBudgetsRoute,
  getBudgetRoute,
  createBudgetRoute,
  changeBudgetRoute,
  removeBudgetRoute,
  adoptInstanceRoute,
  releaseInstanceRoute,
  reconciliationRoute,
  runReconciliationRoute,
  whoamiRoute,
  listKeysRoute,
  createKeyRoute,
  rotateKeyRoute,
  revokeKeyRoute,
  listProviderAccountsRoute,
  setProviderKeyRoute,
  removeProviderKeyRoute,
  reloadRoute,
  listAuditRoute,
  verifyAuditRoute,
  listOperationsRoute,
  listWebhooksRoute,
  addWebhookRoute,
  getWebhookRoute,
  changeWebhookRoute,
  removeWebhookRoute,
  rotateWebhookSecretRoute,
  testWebhookRoute,
  listWebhookDeliveriesRoute,
  replayWebhookDeliveryRoute,
]
