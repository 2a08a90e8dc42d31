import type { SimClock } from '../../kit/clock.ts'
import type { SimRequest } from '../../kit/simulator.ts'
import { instanceTypes, regions } from '../catalogue.ts'
import { conflict, forbidden, instanceMissing, invalidParameters } from '../errors.ts'
import { bodyOf, optionalText, texts } from '../input.ts'
import { canRestart, restart, runningMeter, terminate } from '../machines.ts'
import { priceCents, regionsListed } from '../market.ts'
import type { LambdaState, Machine } from '../state.ts'
import { instanceView, typeView } from '../views.ts'
import { audit } from './audit-events.ts'

/** An object by type name, not an array; types without any capacity stay in it with an empty list. */
export function listTypes(state: LambdaState, clock: SimClock) {
  return Object.fromEntries(
    [...instanceTypes.values()].map((type) => [
      type.name,
      {
        instance_type: typeView(state, type, priceCents(state, type, 'listed')),
        regions_with_capacity_available: regionsListed(state, type.name, clock.now()),
      },
    ]),
  )
}

export const listRegions = () => regions.map((region) => ({ ...region }))

/** All of them, unpaged. Terminated ones drop out while GET by id still knows them. */
export function listInstances(state: LambdaState, request: SimRequest, clock: SimClock) {
  if (state.settings.instancesForbidden) throw forbidden()
  // On-demand instances belong to no cluster.
  if (request.query.has('cluster_id')) return []
  return state.machines
    .filter((machine) => machine.listedAt <= clock.now() && isListed(state, machine))
    .map((machine) => instanceView(state, machine))
}

function isListed(state: LambdaState, machine: Machine): boolean {
  if (machine.status === 'preempted') return state.settings.listPreempted
  return machine.status !== 'terminated' && machine.status !== 'gone'
}

export function getInstance(state: LambdaState, id: string, clock: SimClock) {
  if (state.settings.instancesForbidden) throw forbidden()
  return instanceView(state, known(state, id, clock))
}

export function renameInstance(state: LambdaState, id: string, request: SimRequest, clock: SimClock) {
  const machine = known(state, id, clock)
  const name = optionalText(bodyOf(request), 'name', { max: 64 })
  if (name !== null) {
    machine.name = name
    for (const meter of state.meters) if (meter.machineId === id) meter.label = name
    audit(state, clock, 'instance', 'updated', id)
  }
  return instanceView(state, machine)
}

export function restartInstances(state: LambdaState, request: SimRequest, clock: SimClock) {
  const machines = named(state, request, clock)
  if (!machines.every(canRestart)) throw conflict()
  for (const machine of machines) {
    restart(state, machine, clock)
    audit(state, clock, 'instance', 'restarted', machine.id)
  }
  return { restarted_instances: machines.map((machine) => instanceView(state, machine)) }
}

/** One unknown id refuses the whole call. The answer shows `terminating`: a promise, not yet an end. */
export function terminateInstances(state: LambdaState, request: SimRequest, clock: SimClock) {
  const machines = named(state, request, clock)
  const ended = (machine: Machine) =>
    machine.status === 'terminated' || (machine.status === 'preempted' && !runningMeter(state, machine))
  if (state.settings.repeatTerminate === 'missing' && machines.some(ended)) throw instanceMissing()
  for (const machine of machines) {
    if (ended(machine) || machine.status === 'terminating') continue
    terminate(state, machine, clock)
    audit(state, clock, 'instance', 'terminated', machine.id, { instance_type: machine.type, region: machine.region })
  }
  return { terminated_instances: machines.map((machine) => instanceView(state, machine)) }
}

function named(state: LambdaState, request: SimRequest, clock: SimClock): Machine[] {
  const ids = [...new Set(texts(bodyOf(request), 'instance_ids'))]
  if (ids.length === 0) throw invalidParameters('instance_ids: List should have at least 1 item')
  return ids.map((id) => known(state, id, clock))
}

function known(state: LambdaState, id: string, clock: SimClock): Machine {
  const machine = state.machines.find((candidate) => candidate.id === id)
  if (!machine || machine.status === 'gone') throw instanceMissing()
  if (state.settings.lagHidesGet && machine.listedAt > clock.now()) throw instanceMissing()
  return machine
}
