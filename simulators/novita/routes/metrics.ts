/**
 * What the machines measure.
 *
 * @source  novita.ai/docs/api-reference/gpu-instance-get-metrics (read 2026-11): the fields, `timestamp` a string, the
 *          defaults of the query, "a delay of about one minute". That a value is a percentage and a timestamp unix
 *          seconds is our reading.
 */

import { json } from '../../kit/controlled.ts'
import { seedFrom } from '../../kit/random.ts'
import { type Call, queryNumber, type Route } from '../call.ts'
import { computeSince } from '../meters.ts'
import { unknownId } from '../replies.ts'
import { type Machine, secondMs, unixSeconds, type World } from '../state.ts'

export const metricsRoutes: Route[] = [
  { method: 'GET', path: '/openapi/v1/metrics/gpu/instance', answer: metrics },
  { method: 'GET', path: '/gpu-instance/openapi/v1/metrics/gpu/instance', answer: metrics },
]

const delaySeconds = 60
const mostPoints = 1_000

/** What does not meet the requirements is replaced by its default. */
function metrics(call: Call) {
  const { world } = call
  const id = call.query.get('instanceId') ?? call.query.get('instance_id') ?? ''
  const machine = world.state.machines.find((one) => one.id === id && one.status !== 'gone')
  if (!machine) return unknownId(world)
  const now = unixSeconds(world.clock.now())
  const end = within(queryNumber(call, 'endTime', now), { from: 1, to: now, orElse: now })
  const start = within(queryNumber(call, 'startTime', end - 60), { from: 1, to: end - 60, orElse: end - 60 })
  const interval = Math.max(15, queryNumber(call, 'interval', 15))
  const moments: number[] = []
  for (let at = start; at <= Math.min(end, now - delaySeconds) && moments.length < mostPoints; at += interval) {
    if (measuredAt(world, machine, at)) moments.push(at)
  }
  const series = (what: string, low: number) =>
    moments.map((at) => ({ timestamp: String(at), value: low + (draw(world, machine, what, at) % (100 - low)) }))
  const gpus = (read: (at: number, gpu: number) => number) => ({
    avg: moments.map((at) => ({ timestamp: String(at), value: averageOf(machine.gpuIds.map((gpu) => read(at, gpu))) })),
    gpuIds: machine.gpuIds.map((gpu) => ({
      gpuId: String(gpu),
      items: moments.map((at) => ({ timestamp: String(at), value: read(at, gpu) })),
    })),
  })
  return json(200, {
    cpuUtilization: series('cpu', 10),
    memUtilization: series('memory', 20),
    rootDiskUtilization: series('disk', 5),
    gpuUtilization: gpus((at, gpu) => machine.utilisation ?? 70 + (draw(world, machine, `gpu ${gpu}`, at) % 30)),
    gpuMemUtilization: gpus((at, gpu) => 40 + (draw(world, machine, `vram ${gpu}`, at) % 50)),
  })
}

function within(given: number, { from, to, orElse }: { from: number; to: number; orElse: number }): number {
  return given >= from && given <= to ? given : orElse
}

/** Only a container that is up measures anything; earlier stretches are forgotten. */
function measuredAt(world: World, machine: Machine, at: number): boolean {
  const since = computeSince(world, machine)
  return machine.status === 'running' && since !== null && at * secondMs >= since
}

function draw(world: World, machine: Machine, what: string, at: number): number {
  return seedFrom(world.seed, `${what} ${machine.id} ${at}`)
}

function averageOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
