/** How an instance reads, wherever a command shows one. */

import type { Instance, InstanceStatus } from '@gpufleet/sdk/api'
import type { Colors } from './text/colors.ts'
import { isZero, perHour, usd } from './text/money.ts'
import { type Paper, table } from './text/table.ts'
import { ago, roughly } from './text/time.ts'

/** `inst_… (vllm)` */
export function nameOf({ id, label }: Pick<Instance, 'id' | 'label'>): string {
  return label === null ? id : `${id} (${label})`
}

/** `1x RTX 4090 at vast_ai, europe-west` */
export function machineOf(instance: Instance): string {
  const gpu = `${instance.gpu_count}x ${instance.gpu_model ?? 'GPU'}`
  const place = [instance.provider, instance.region].filter((part) => part !== null).join(', ')
  return place === '' ? gpu : `${gpu} at ${place}`
}

export function painted(status: InstanceStatus, paint: Colors): string {
  return painters[status](paint)(status)
}

const painters: Record<InstanceStatus, (paint: Colors) => (text: string) => string> = {
  requested: (paint) => paint.yellow,
  launching: (paint) => paint.yellow,
  starting: (paint) => paint.yellow,
  running: (paint) => paint.yellow,
  ready: (paint) => paint.green,
  interrupted: (paint) => paint.red,
  stopping: (paint) => paint.yellow,
  stopped: (paint) => paint.cyan,
  terminating: (paint) => paint.yellow,
  terminated: (paint) => paint.dim,
  failed: (paint) => paint.red,
}

export function instanceTable(instances: readonly Instance[], context: Paper & { now: () => number }): string[] {
  const { now, paint } = context
  return table(
    [
      { head: 'ID' },
      { head: 'LABEL' },
      { head: 'STATUS' },
      { head: 'FOR', align: 'right', optional: true },
      { head: 'GPU' },
      { head: 'PROVIDER' },
      { head: 'REGION', optional: true },
      { head: 'BILLED NOW', align: 'right' },
      { head: 'SO FAR', align: 'right' },
      { head: 'LAUNCHED', align: 'right', optional: true },
    ],
    instances.map((one) => [
      one.id,
      one.label ?? '-',
      painted(one.status, paint),
      roughly(Math.max(0, now() - Date.parse(one.status_since))),
      `${one.gpu_count}x ${one.gpu_model ?? '-'}`,
      one.provider ?? '-',
      one.region ?? '-',
      isZero(one.cost_per_hour_usd) ? 'nothing' : perHour(one.cost_per_hour_usd),
      usd(one.cost_so_far_usd),
      ago(one.created_at, now()),
    ]),
    context,
  )
}

/** How to reach it: its ssh command and where its ports are. */
export function accessOf(instance: Instance): [string, string][] {
  return [
    ...(instance.ssh === null ? [] : [['ssh', instance.ssh.command] as [string, string]]),
    ...instance.endpoints.map(({ container_port: containerPort, protocol, host, port, url }): [string, string] => [
      `port ${containerPort}/${protocol}`,
      url ?? `${host}:${port}`,
    ]),
  ]
}
