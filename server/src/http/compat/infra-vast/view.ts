import type { PoweredOn } from '../../../app/infra-vast-power.ts'
import type { PowerStatus } from '../../../app/infra-vast-status.ts'
import { wholeSeconds } from '../../../core/infra-vast/audit-entry.ts'
import { type SessionFigures, stoppedMessage, type Totals } from '../../../core/infra-vast/figures.ts'
import { usdNumber } from '../../../core/money.ts'
import type { Instant } from '../../../core/time.ts'

export function statusView(status: PowerStatus) {
  const { machineId, ratePerHour, lastActivityAt, totals } = status
  return {
    instance_id: machineId === null ? null : Number(machineId),
    status: status.word,
    gpu_name: status.gpuName,
    dph_total: ratePerHour === null ? null : usdNumber(ratePerHour),
    endpoint_base_url: status.baseUrl,
    last_activity: lastActivityAt === null ? null : wholeSeconds(lastActivityAt),
    auto_shutdown_in_minutes: status.autoShutdownMinutes,
    total_runtime_hours: totals.runtimeHours,
    total_cost_usd: totals.costUsd,
    message: status.message,
  }
}

export function poweredOnView({ machineId, baseUrl, healthUrl, wasProbed }: PoweredOn) {
  return {
    status: 'running',
    instance_id: Number(machineId),
    endpoint_base_url: baseUrl,
    health_url: healthUrl,
    message: wasProbed ? 'Instance running and healthy' : 'Instance running; its health was not asked for',
  }
}

export function poweredOffView(figures: SessionFigures) {
  return {
    status: 'stopped',
    session_runtime_minutes: figures.runtimeMinutes,
    session_cost_usd: figures.costUsd,
    message: stoppedMessage(figures),
  }
}

export function activityView(at: Instant) {
  return { status: 'recorded', last_activity: wholeSeconds(at) }
}

export function costsView({ runtimeHours, costUsd, sessions, averageMinutes }: Totals) {
  return {
    total_runtime_hours: runtimeHours,
    total_cost_usd: costUsd,
    sessions_count: sessions,
    avg_session_minutes: averageMinutes,
  }
}
