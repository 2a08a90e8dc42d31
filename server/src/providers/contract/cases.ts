/** What the suite has to know of each marketplace: the rest is the same for all. */

import type { ThingKind } from '../../../../simulators/kit/bill.ts'
import type { Fault } from '../../../../simulators/kit/faults.ts'
import type { Marketplace, SimulatorOptions } from '../../../../simulators/kit/simulator.ts'
import { createLambda } from '../../../../simulators/lambda/lambda.ts'
import { createNovita } from '../../../../simulators/novita/novita.ts'
import { createPaperspace } from '../../../../simulators/paperspace/paperspace.ts'
import { createRunpod } from '../../../../simulators/runpod/runpod.ts'
import { createVast } from '../../../../simulators/vast/vast.ts'
import type { BilledThing } from '../../core/billed-thing.ts'
import type { Offer } from '../../core/offers/offer.ts'
import type { ProviderName } from '../../core/providers.ts'
import { createLambdaProvider } from '../lambda/provider.ts'
import { createNovitaProvider } from '../novita/provider.ts'
import { createPaperspaceProvider } from '../paperspace/provider.ts'
import type { Provider } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { createRunpodProvider } from '../runpod/provider.ts'
import { createVastProvider } from '../vast/provider.ts'
import { anOrder, type Rig } from './rig.ts'

export interface Case {
  /** Also tells the two APIs of RunPod apart. */
  name: string
  provider: ProviderName
  create(deps: ProviderDeps): Provider
  simulate(options: SimulatorOptions): Marketplace
  /** Nothing goes wrong by chance, and `model` is on sale. */
  calm(rig: Rig): void
  /** One of our model names that is always on sale when calm. */
  model: string
  /** The order of `sell-out` after which the launch itself is refused. */
  sellOut: Record<string, unknown>
  /** The request that rents. */
  rent: { method: string; path: string }
  /** The request that a look is made of, and the fields without which its answer is none. */
  list: { method: string; path: string; fields: readonly string[] }
  search: { path: string; fields: readonly string[] }
  /** The request for a single machine. */
  one(externalId: string): { path: string; fields: readonly string[] }
  /** Whether the marketplace's own rules make this answer about one machine mean that it is gone. */
  saysAbsent(answer: Fault): boolean
  /** The requests that carry out an order. */
  changes: Record<'stop' | 'terminate', { method: string; path: string }>
  /** A well-formed id that is nobody's. */
  unknownId: string
  /** Environment, ports, script and key as the marketplace stores them for a machine. */
  inside(rig: Rig, machineId: string): string
  /** So that 130 machines are more than one page, where the marketplace pages. */
  shortPages?(rig: Rig): void
  pagesFor130: number
  /** Fields that tell whether there is more. */
  pagingFields: readonly string[]
  /** A list that announces machines and shows none; null where nothing is announced. */
  shortList: unknown
  /** `how` of `fail-start` that are worth a look at the bill. */
  failures: readonly string[]
  /** Parts of an order that it refuses. */
  lacks: readonly ('onstartScript' | 'registryAuth')[]
  /** What it sells and bills beside machines. */
  beside: Beside
  /** The request for its bill; null where it has no API for that. */
  bill: {
    path: string
    fields: readonly string[]
    roundsToNanos: bigint
    /** `hour`: a line for each. `contract`: one for the whole rental, which grows while it lasts. */
    rows: 'hour' | 'contract'
  } | null
  /** Somebody else takes the offer. Answers the offer that is gone now. */
  take(rig: Rig, offer: Offer): Promise<Offer>
}

export interface Beside {
  /** The simulator's word and ours for everything that is sold. */
  kinds: readonly { simulated: ThingKind; ours: BilledThing['kind'] }[]
  /** A well-formed id that is nobody's. */
  unknown: Pick<BilledThing, 'kind' | 'externalId'>
  /** The requests that `lookAround` is made of, and the fields without which an answer is none. */
  lists: readonly { path: string; fields: readonly string[] }[]
  /** Whether those lists have pages. */
  hasPages: boolean
  /** Whether a machine that uses a thing is shown with it, and for which kinds. */
  showsUse: readonly ThingKind[]
}

const volumes = [{ simulated: 'volume', ours: 'volume' }] as const

// biome-ignore lint/suspicious/noExplicitAny: a simulator's state is plain JSON without a public type
const stateOf = (rig: Rig): any => rig.simulator.marketplace.snapshot()

const runpod = {
  provider: 'runpod',
  lacks: [] as ('onstartScript' | 'registryAuth')[],
  simulate: createRunpod,
  model: 'RTX 4090',
  sellOut: {},
  unknownId: 'xyz123xyz123xy',
  calm: (rig: Rig) => {
    rig.order('special/switch', { startFailureRate: 0, capacityFailureRate: 0 })
    rig.order('special/stock', { matching: 'NVIDIA GeForce RTX 4090', free: 64 })
  },
  inside: (rig: Rig, machineId: string) => {
    const pod = stateOf(rig).pods.find((one: { id: string }) => one.id === machineId)
    return [
      ...Object.entries(pod.container.env).map(([name, value]) => `${name}=${value}`),
      ...pod.container.ports,
      ...(pod.container.entrypoint ?? []),
      ...(pod.container.cmd ?? []),
      pod.container.args,
    ].join('\n')
  },
  take: async (rig: Rig, offer: Offer) => {
    rig.order('special/stock', { matching: offer.gpu.spelling, free: 0 })
    return offer
  },
  // By REST, whichever API rents the pods. Doubles: each amount is off by a nano-dollar at most.
  beside: {
    kinds: volumes,
    unknown: { kind: 'volume', externalId: 'nobodys0volume' },
    lists: [{ path: '/v2/network-volumes', fields: ['networkVolumes'] }],
    hasPages: false,
    showsUse: ['volume'],
  },
  bill: { path: '/v2/billing/pods', fields: ['records', 'metadata'], roundsToNanos: 1n, rows: 'hour' },
} as const satisfies Partial<Case>

export const cases: readonly Case[] = [
  {
    name: 'vast',
    pagesFor130: 6,
    pagingFields: ['total_instances', 'instances_found', 'next_token'],
    shortList: { success: true, instances_found: 0, total_instances: 3, next_token: null, instances: [] },
    failures: ['oci', 'exited', 'stuck', 'silent', 'unknown', 'offline'],
    provider: 'vast',
    create: createVastProvider,
    simulate: createVast,
    model: 'RTX 4090',
    sellOut: {},
    rent: { method: 'PUT', path: '/api/v0/asks/' },
    list: { method: 'GET', path: '/api/v1/instances/', fields: ['instances'] },
    search: { path: '/api/v0/bundles/', fields: ['offers'] },
    one: (id) => ({ path: `/api/v0/instances/${id}/`, fields: ['instances', 'id', 'actual_status'] }),
    saysAbsent: () => false,
    changes: {
      stop: { method: 'PUT', path: '/api/v0/instances/' },
      terminate: { method: 'DELETE', path: '/api/v0/instances/' },
    },
    unknownId: '999999999',
    calm: (rig) => void rig.order('special/calm'),
    inside: (rig, machineId) => {
      const machine = stateOf(rig).machines[machineId]
      return [...machine.env.map(([name, value]: [string, string]) => `${name}=${value}`), machine.onstart].join('\n')
    },
    lacks: [],
    beside: {
      kinds: volumes,
      unknown: { kind: 'volume', externalId: '999999999' },
      lists: [{ path: '/api/v0/volumes/', fields: ['volumes'] }],
      hasPages: false,
      showsUse: ['volume'],
    },
    // vast.md 2.11: rounded to three decimals.
    bill: { path: '/api/v0/charges/', fields: ['results'], roundsToNanos: 500_000n, rows: 'contract' },
    take: async (rig, offer) => {
      // A rented slice is used up, and the machine's other slices are listed under new ids.
      await rig.done(rig.another().launch(anOrder(offer, { label: 'somebody-else' })))
      return offer
    },
  },
  {
    ...runpod,
    name: 'runpod',
    pagesFor130: 3,
    // Without the block `pagination` it is an older server, which sends everything at once (runpod.md 1.5).
    pagingFields: ['nextCursor', 'hasNextPage'],
    shortList: { pods: [], pagination: { nextCursor: 'again', hasNextPage: true } },
    shortPages: (rig) => void rig.order('special/switch', { pageCap: 50 }),
    failures: ['error', 'exited', 'stuck', 'no_port'],
    create: (deps) => createRunpodProvider({ ...deps, apiVersion: 'v2' }),
    rent: { method: 'POST', path: '/v2/pods' },
    list: { method: 'GET', path: '/v2/pods', fields: ['pods'] },
    search: { path: '/v2/catalog/gpus', fields: ['gpus'] },
    one: (id) => ({ path: `/v2/pods/${id}`, fields: ['id', 'status'] }),
    saysAbsent: () => false,
    changes: { stop: { method: 'POST', path: '/action' }, terminate: { method: 'DELETE', path: '/v2/pods/' } },
  },
  {
    ...runpod,
    name: 'runpod over GraphQL',
    pagesFor130: 1,
    pagingFields: [],
    shortList: null,
    failures: ['error', 'exited', 'stuck'],
    create: (deps) => createRunpodProvider({ ...deps, apiVersion: 'graphql' }),
    // One address for everything: a fault hits the next request, whatever it asks.
    rent: { method: 'POST', path: '/graphql' },
    list: { method: 'POST', path: '/graphql', fields: ['pods', 'myself', 'data'] },
    search: { path: '/graphql', fields: ['gpuTypes', 'data'] },
    one: () => ({ path: '/graphql', fields: ['id', 'desiredStatus', 'data', 'pods', 'myself'] }),
    lacks: ['onstartScript', 'registryAuth'],
    saysAbsent: () => false,
    changes: { stop: { method: 'POST', path: '/graphql' }, terminate: { method: 'POST', path: '/graphql' } },
  },
  {
    name: 'lambda',
    pagesFor130: 1,
    pagingFields: [],
    shortList: null,
    failures: ['unhealthy', 'terminated', 'stuck', 'no_gpu'],
    provider: 'lambda',
    create: createLambdaProvider,
    simulate: createLambda,
    model: 'A10',
    sellOut: {},
    rent: { method: 'POST', path: '/instance-operations/launch' },
    list: { method: 'GET', path: '/api/v1/instances', fields: ['data'] },
    search: { path: '/instance-types', fields: ['data'] },
    one: (id) => ({ path: `/api/v1/instances/${id}`, fields: ['data', 'id', 'status'] }),
    saysAbsent: () => false,
    changes: {
      stop: { method: 'POST', path: '/terminate' },
      terminate: { method: 'POST', path: '/instance-operations/terminate' },
    },
    unknownId: '00000000000000000000000000000000',
    calm: (rig) => {
      rig.order('special/settings', {
        refusedLaunchShare: 0,
        bootTerminatedShare: 0,
        bootUnhealthyShare: 0,
        bootStuckShare: 0,
        noGpuShare: 0,
        bootBlipShare: 0,
      })
      rig.order('special/capacity', { type: 'gpu_1x_a10', region: 'us-east-1' })
    },
    inside: (rig, machineId) => {
      const machine = stateOf(rig).machines.find((one: { id: string }) => one.id === machineId)
      return [
        machine.userData,
        ...machine.tags.map((tag: { value: string }) => tag.value),
        ...stateOf(rig).sshKeys.map((key: { public_key: string }) => key.public_key),
      ].join('\n')
    },
    lacks: [],
    beside: {
      kinds: [{ simulated: 'filesystem', ours: 'file_system' }],
      unknown: { kind: 'file_system', externalId: '00000000000000000000000000000000' },
      lists: [{ path: '/api/v1/file-systems', fields: ['data'] }],
      hasPages: false,
      showsUse: ['filesystem'],
    },
    bill: null, // lambda.md 2.13
    take: async (rig, offer) => {
      rig.order('special/capacity', { type: 'gpu_1x_a10', region: 'us-east-1', available: false })
      return offer
    },
  },
  {
    name: 'paperspace',
    pagesFor130: 2,
    pagingFields: ['hasMore', 'nextPage'],
    shortList: { hasMore: true, nextPage: 'again', items: [] },
    failures: ['error', 'capacity', 'cancelled', 'silent-off', 'stuck', 'stuck-serviceready'],
    provider: 'paperspace',
    create: createPaperspaceProvider,
    simulate: createPaperspace,
    model: 'RTX A4000',
    // The other faces refuse the request; the default accepts it and fails afterwards, see its own test.
    sellOut: { how: 'refused-409' },
    rent: { method: 'POST', path: '/v1/machines' },
    list: { method: 'GET', path: '/v1/machines', fields: ['items', 'hasMore'] },
    search: { path: '/v1/os-templates', fields: ['items', 'hasMore'] },
    one: (id) => ({ path: `/v1/machines/${id}`, fields: ['id', 'state'] }),
    saysAbsent: () => false,
    changes: { stop: { method: 'PATCH', path: '/stop' }, terminate: { method: 'DELETE', path: '/v1/machines/' } },
    unknownId: 'psnobodysid1',
    calm: (rig) => void rig.order('special/calm'),
    inside: (rig, machineId) =>
      stateOf(rig)
        .scripts.filter((script: { assignedMachineIds: string[] }) => script.assignedMachineIds.includes(machineId))
        .map((script: { script: string }) => script.script)
        .join('\n'),
    lacks: [],
    beside: {
      kinds: [
        { simulated: 'address', ours: 'static_ip' },
        { simulated: 'drive', ours: 'file_system' },
        { simulated: 'snapshot', ours: 'snapshot' },
        { simulated: 'template', ours: 'snapshot' },
      ],
      unknown: { kind: 'snapshot', externalId: 'ssnobodysid1' },
      lists: ['/v1/public-ips', '/v1/shared-drives', '/v1/snapshots', '/v1/custom-templates'].map((path) => ({
        path,
        fields: ['items', 'hasMore'],
      })),
      hasPages: true,
      // A drive belongs to a network, and a template to nobody.
      showsUse: ['address', 'snapshot'],
    },
    bill: null, // paperspace.md 2.11
    take: async (rig, offer) => {
      rig.order('special/availability', { available: false })
      return offer
    },
  },
  {
    name: 'novita',
    pagesFor130: 2,
    pagingFields: ['total'],
    shortList: { instances: [], total: 3 },
    failures: ['bad_image', 'image_auth', 'no_resource', 'stuck', 'stuck_creating'],
    provider: 'novita',
    create: createNovitaProvider,
    simulate: createNovita,
    model: 'RTX 4090',
    sellOut: {},
    rent: { method: 'POST', path: '/gpu/instance/create' },
    list: { method: 'GET', path: '/gpu/instances', fields: ['instances', 'total'] },
    search: { path: '/products', fields: ['data'] },
    one: () => ({ path: '/gpu-instance/openapi/v1/gpu/instance', fields: ['id', 'status'] }),
    // novita.md 1 and 2.3: an unrouted path is never JSON, so a 404 in JSON is about the instance.
    saysAbsent: ({ kind, status, body = '{}' }) => kind === 'status' && status === 404 && body.startsWith('{'),
    changes: {
      stop: { method: 'POST', path: '/gpu/instance/stop' },
      terminate: { method: 'POST', path: '/gpu/instance/delete' },
    },
    unknownId: '0000000000000000',
    calm: (rig) => void rig.order('special/chances', { calm: true }),
    inside: (rig, machineId) => {
      const machine = stateOf(rig).machines.find((one: { id: string }) => one.id === machineId)
      return [
        ...machine.envs.map(({ key, value }: { key: string; value: string }) => `${key}=${value}`),
        ...machine.ports.map(({ port, type }: { port: number; type: string }) => `${port}/${type}`),
        machine.command,
      ].join('\n')
    },
    lacks: [],
    beside: {
      kinds: volumes,
      unknown: { kind: 'volume', externalId: 'nobodys-storage' },
      lists: [{ path: '/networkstorages/list', fields: ['data', 'total'] }],
      hasPages: true,
      showsUse: ['volume'],
    },
    // novita.md 2.6: whole units of the precision that a bill names, 1/100000 dollar.
    bill: { path: '/billing/bill/list', fields: ['bills'], roundsToNanos: 10_000n, rows: 'hour' },
    // Stock has no control of its own: a product that was taken from the list.
    take: async (_rig, offer) => ({ ...offer, externalId: offer.externalId.replace(/^[^|]+/, 'no-such-product') }),
  },
]
