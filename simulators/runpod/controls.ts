/** The orders that tests and people give. */

import { nanosFromUsd } from '../kit/bill.ts'
import { type Controls, NotPossibleHere } from '../kit/simulator.ts'
import { pageSizeFrom, percentFrom, thingOrderFrom } from '../kit/things.ts'
import { loseHost, regainHost, rest, step, terminate } from './machines.ts'
import { gpuTypes, holdsGpu } from './market.ts'
import { spent } from './money.ts'
import { makePod } from './placing.ts'
import { addVolume } from './routes/account.ts'
import type { NetworkVolume, Pod, StartFailure, Switches, World } from './state.ts'

const startFailures: readonly StartFailure[] = ['stuck', 'error', 'exited', 'no_port']
const refusals = ['no_instances', 'no_resources', 'no_disk']

export function controlsFor(world: World): Controls {
  const { state } = world

  return {
    sellOut({ count = 1, matching, how = 'no_instances' }) {
      if (!refusals.includes(how)) throw new NotPossibleHere(`no capacity is told as ${refusals.join(', ')} here`)
      state.sellOuts.push({ left: count, matching: matching ?? null, how })
    },
    changePrice({ factor, matching, listed = true }) {
      state.priceOrders.push({ factor, matching: matching ?? null, listed })
    },
    interrupt({ machine }) {
      step(world)
      const pod = podFor(world, machine)
      if (!holdsGpu(pod) || pod.hostLost) throw new NotPossibleHere(`${machine} is not running`)
      loseHost(world, pod)
    },
    failStart({ count = 1, how = 'stuck', matching }) {
      const failure = startFailures.find((one) => one === how)
      if (!failure) throw new NotPossibleHere(`a start fails here as ${startFailures.join(', ')}`)
      state.startFailures.push({ left: count, matching: matching ?? null, how: failure })
    },
    listLag({ ms }) {
      state.listLagMs = ms
    },
    pace(order) {
      Object.assign(state.pace, order)
    },
    balance({ usd }) {
      step(world)
      const now = world.clock.now()
      state.paidIn = (spent(state, now) + nanosFromUsd(usd)).toString()
      state.solventUntil = now
      state.broke = false
      step(world)
    },
    foreignMachine({ label }) {
      step(world)
      return { machine: foreignPod(world, label ?? 'made-in-the-console').id }
    },
    special: (name, order) => special(world, name, order),
  }
}

function special(world: World, name: string, order: Record<string, unknown>): unknown {
  step(world)
  const { state } = world
  const { switches } = state
  const now = world.clock.now()
  switch (name) {
    case 'switch':
      return setSwitches(switches, order)
    case 'graphql':
      switches.graphql = order.gone === false ? 'on' : 'gone'
      return {}
    case 'stock':
      state.stockOrders.unshift({ matching: textOf(order, 'matching'), free: numberOf(order, 'free') })
      return {}
    case 'stock-normal':
      state.stockOrders = []
      return {}
    case 'quota':
      Object.assign(switches.quota, order)
      return {}
    case 'forbid':
      switches.forbidden = order.routes as string[]
      return {}
    case 'forbid-pool':
      switches.forbiddenPools = order.matching === null ? [] : [String(order.matching)]
      return {}
    case 'interrupt-as':
      return interruptAs(world, podFor(world, String(order.machine)), String(order.how), now)
    case 'host-back': {
      const pod = podFor(world, String(order.machine))
      if (!pod.hostLost || pod.status === 'TERMINATED') throw new NotPossibleHere(`${pod.id} has not lost its host`)
      regainHost(world, pod)
      return {}
    }
    case 'take-gpu':
    case 'give-gpu-back':
      podFor(world, String(order.machine)).gpuTaken = name === 'take-gpu'
      return {}
    case 'address':
      podFor(world, String(order.machine)).address = {
        ip: String(order.ip),
        ports: (order.ports ?? {}) as Record<string, number>,
      }
      return {}
    case 'utilisation':
      podFor(world, String(order.machine)).utilisation = percentFrom(order)
      return {}
    case 'page-size':
      switches.pageCap = pageSizeFrom(order)
      return {}
    case 'foreign-thing':
      return { thing: foreignVolume(world, order).id }
    case 'cluster-pods':
      return { machines: clusterPods(world, numberOf(order, 'count')) }
    default:
      throw new NotPossibleHere(`no special control ${name}`)
  }
}

function setSwitches(switches: Switches, order: Record<string, unknown>): unknown {
  const unknown = Object.keys(order).find((key) => !Object.hasOwn(switches, key))
  if (unknown) throw new NotPossibleHere(`no switch ${unknown}; there are ${Object.keys(switches).join(', ')}`)
  Object.assign(switches, order)
  return switches
}

function interruptAs(world: World, pod: Pod, how: string, now: number): unknown {
  if (pod.status === 'TERMINATED') throw new NotPossibleHere(`${pod.id} is deleted`)
  if (how === 'host_lost') loseHost(world, pod)
  else if (how === 'exited') rest(world, pod, 'EXITED', now)
  else if (how === 'error') rest(world, pod, 'ERROR', now)
  else if (how === 'terminated') terminate(world, pod, now)
  else throw new NotPossibleHere('a pod goes here as host_lost, exited, error or terminated')
  return {}
}

/** The newest pods of the list; the default list leaves them out after the page is cut. */
function clusterPods(world: World, count: number): string[] {
  return Array.from({ length: count }, (_, rank) => {
    const pod = foreignPod(world, `cluster-node-${rank}`)
    pod.clusterId = 'cluster_sim000'
    pod.clusterRank = rank
    return pod.id
  })
}

function foreignPod(world: World, name: string): Pod {
  const type = gpuTypes.find((one) => one.id === 'NVIDIA RTX A4000')
  const place = type?.sold.SECURE?.dataCenters[0] ?? 'EU-RO-1'
  return makePod(
    world,
    {
      name,
      container: {
        image: 'runpod/base:1.0.2-ubuntu2204',
        args: '',
        entrypoint: null,
        cmd: null,
        disk: 20,
        ports: ['22/tcp'],
        env: {},
        registry: null,
      },
      cloud: 'SECURE',
      gpu: {
        id: 'NVIDIA RTX A4000',
        count: 1,
        allowedCudaVersions: [],
        minCudaVersion: null,
        minRamPerGpu: 0,
        minVcpuPerGpu: 0,
      },
      cpu: null,
      dataCenterIds: [],
      mounts: {},
      globalNetworking: false,
    },
    { dataCenterId: place, cudaVersion: '12.8', vcpuCount: 9, memory: 50, rate: nanosFromUsd(0.25) },
    { foreign: true, listedFrom: world.clock.now() },
  )
}

/** Somebody made it in the console; with `attachedTo`, that pod mounts it. */
function foreignVolume(world: World, order: Record<string, unknown>): NetworkVolume {
  const { name, sizeGb, attachedTo } = thingOrderFrom(order, ['volume'])
  const pod = attachedTo === null ? null : podFor(world, attachedTo)
  if (pod?.mounts.persistent) throw new NotPossibleHere(`${pod.id} has a volume of its own`)
  const wanted = { name, size: sizeGb, dataCenter: pod?.dataCenterId ?? 'EU-RO-1', type: 'STANDARD' as const }
  const volume = addVolume(world, wanted)
  if (pod) pod.mounts = { network: [{ volumeId: volume.id, path: '/workspace' }] }
  return volume
}

function podFor(world: World, machine: string): Pod {
  const pod = world.state.pods.find((one) => one.id === machine) ?? byName(world, machine)
  if (!pod) throw new NotPossibleHere(`no pod ${machine}`)
  return pod
}

function byName(world: World, name: string): Pod | undefined {
  return world.state.pods.filter((pod) => pod.name === name && pod.status !== 'TERMINATED').at(-1)
}

function textOf(order: Record<string, unknown>, name: string): string | null {
  return typeof order[name] === 'string' ? (order[name] as string) : null
}

function numberOf(order: Record<string, unknown>, name: string): number {
  const value = order[name]
  if (typeof value !== 'number') throw new NotPossibleHere(`${name} must be a number`)
  return value
}
