/** RunPod: REST v2 (general since 2026-08-18), the rest of GraphQL, and the 410 of REST v1. See README.md. */

import { billFrom } from '../kit/bill.ts'
import { deprecatable } from '../kit/deprecation.ts'
import { seedFrom } from '../kit/random.ts'
import type {
  MachineReport,
  Marketplace,
  SimReply,
  SimRequest,
  SimulatorOptions,
  ThingReport,
} from '../kit/simulator.ts'
import { controlsFor } from './controls.ts'
import { step } from './machines.ts'
import { notFound, ok, Problem } from './problem.ts'
import { takeFromQuota } from './rate-limit.ts'
import type { Call } from './request.ts'
import * as account from './routes/account.ts'
import * as billing from './routes/billing.ts'
import * as catalog from './routes/catalog.ts'
import { graphql } from './routes/graphql.ts'
import { podLogs } from './routes/logs.ts'
import * as pods from './routes/pods.ts'
import * as templates from './routes/templates.ts'
import { snapshotOf, type World, worldFrom } from './state.ts'

type Handler = (call: Call) => SimReply

const bodyLimitBytes = 102_400

/** What this imitation has of it; POSTs to serverless, clusters and delegations are refused as out of the key's scope. */
const routes: Record<string, Record<string, Handler>> = {
  '/v2/openapi.json': { GET: () => ok(openApi()) },
  '/v2/openapi.yaml': {
    GET: () => ({ status: 200, headers: { 'content-type': 'application/yaml' }, body: JSON.stringify(openApi()) }),
  },
  '/v2/pods': { GET: pods.listPods, POST: pods.createPodRoute },
  '/v2/pods/{id}': { GET: pods.getPod, PATCH: pods.patchPod, DELETE: pods.deletePod },
  '/v2/pods/{id}/action': { POST: pods.actOnPod },
  '/v2/pods/{id}/logs': { GET: podLogs },
  '/v2/catalog/gpus': { GET: catalog.listGpus },
  '/v2/catalog/gpus/{id}': { GET: catalog.getGpu },
  '/v2/catalog/cpus': { GET: catalog.listCpus },
  '/v2/catalog/cpus/{id}': { GET: catalog.getCpu },
  '/v2/catalog/datacenters': { GET: catalog.listDataCenters },
  '/v2/catalog/datacenters/{id}': { GET: catalog.getDataCenter },
  '/v2/catalog/templates': { GET: templates.listPublicTemplates },
  '/v2/templates': { GET: templates.listTemplates, POST: templates.createTemplateRoute },
  '/v2/templates/{id}': {
    GET: templates.getTemplate,
    PATCH: templates.patchTemplate,
    DELETE: templates.deleteTemplate,
  },
  '/v2/network-volumes': { GET: account.listVolumes, POST: account.createVolumeRoute },
  '/v2/network-volumes/{id}': { GET: account.getVolume, PATCH: account.patchVolume, DELETE: account.deleteVolume },
  '/v2/registries': { GET: account.listRegistries, POST: account.createRegistryRoute },
  '/v2/registries/delegations': { GET: () => ok({ delegations: [] }), POST: notInScope },
  '/v2/registries/{id}': { GET: account.getRegistry, DELETE: account.deleteRegistry },
  '/v2/account/ssh-keys': { GET: account.getSshKeys, PUT: account.replaceSshKeys },
  '/v2/account/secrets': { GET: account.listSecrets, POST: account.createSecretRoute },
  '/v2/account/secrets/{id}': { PATCH: account.patchSecret, DELETE: account.deleteSecret },
  '/v2/billing': { GET: billing.allBilling },
  '/v2/billing/pods': { GET: billing.podBilling },
  '/v2/billing/network-volumes': { GET: billing.volumeBilling },
  '/v2/billing/serverless': {
    GET: billing.emptyBilling(
      ['totalAmount', 'gpuAmount', 'cpuAmount', 'diskAmount', 'feeAmount'],
      'uniqueServerlessCount',
    ),
  },
  '/v2/billing/endpoints': { GET: billing.emptyBilling(['totalAmount'], null) },
  '/v2/billing/clusters': {
    GET: billing.emptyBilling(['totalAmount', 'gpuAmount', 'diskAmount', 'networkingAmount'], 'uniqueClusterCount'),
  },
  '/v2/clusters': { GET: () => ok({ clusters: [] }), POST: notInScope },
  '/v2/clusters/{id}': { GET: nothingThere, PATCH: nothingThere, DELETE: nothingThere },
  '/v2/serverless': { GET: () => ok({ endpoints: [] }), POST: notInScope },
  '/v2/serverless/{id}': { GET: nothingThere, PATCH: nothingThere, DELETE: nothingThere },
}

export function createRunpod(options: SimulatorOptions): Marketplace {
  const world = worldFrom(options)

  function handle(request: SimRequest): SimReply {
    step(world)
    world.state.requests += 1
    const reply = guarded(() => answer(world, request))
    step(world)
    return { ...reply, headers: { ...reply.headers, 'x-request-id': requestId(world) } }
  }

  const marketplace: Marketplace = {
    name: 'runpod',
    handle,
    bill() {
      step(world)
      return billFrom(world.state.meters, world.clock.now())
    },
    machines() {
      step(world)
      return machineReports(world)
    },
    things() {
      step(world)
      return world.state.volumes.map(
        (volume): ThingReport => ({
          id: volume.id,
          kind: 'volume',
          name: volume.name,
          billing: true,
          attachedTo: account.userOf(world, volume.id)?.id ?? null,
        }),
      )
    },
    snapshot: () => snapshotOf(world),
    controls: controlsFor(world),
  }
  return deprecatable(marketplace, options)
}

function answer(world: World, request: SimRequest): SimReply {
  // Cloudflare stands in front and refuses the default agents of common libraries with plain text.
  const agent = request.headers['user-agent'] ?? ''
  if (agent === '' || agent.startsWith('Python-urllib'))
    return { status: 403, headers: { 'content-type': 'text/plain' }, body: 'error code: 1010' }
  if (request.path === '/graphql') return graphql(world, request)
  // REST v1 lived on another host and is announced to answer 410 since 2026-11-15; its body is not known.
  if (request.path === '/v1' || request.path.startsWith('/v1/'))
    throw new Problem(410, 'REST API v1 has been retired. Use https://api.runpod.io/v2.')
  if (Buffer.byteLength(request.body) > bodyLimitBytes) throw new Problem(413, 'request body exceeds 102400 bytes')
  if (request.method === 'GET' && request.path === '/v2/openapi.json') return ok(openApi())
  authorize(world, request)
  const { refusedBy, headers } = takeFromQuota(world)
  const reply = guarded(() => {
    if (refusedBy) throw new Problem(429, `rate limit exceeded for the ${refusedBy} window`)
    return routed(world, request)
  })
  return { ...reply, headers: { ...reply.headers, ...headers } }
}

function authorize(world: World, request: SimRequest): void {
  const key = /^Bearer\s+(.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (!key) throw new Problem(401, 'missing bearer token')
  if (key !== world.apiKey) throw new Problem(401, 'invalid bearer token')
}

function routed(world: World, request: SimRequest): SimReply {
  const path = request.path.length > 1 ? request.path.replace(/\/$/, '') : request.path
  const forbidden = world.state.switches.forbidden.some((route) => `${request.method} ${path}`.startsWith(route))
  for (const [pattern, methods] of Object.entries(routes)) {
    const id = idFrom(pattern, path)
    if (id === null) continue
    const handler = methods[request.method]
    if (!handler) {
      throw new Problem(405, 'The requested method is not allowed for this path.', {
        headers: { allow: Object.keys(methods).join(', ') },
      })
    }
    if (forbidden) throw new Problem(403, 'access denied')
    return handler({ world, request, id })
  }
  throw notFound()
}

/** The variable part of a path, decoded (GPU ids carry spaces); empty for a fixed path, null where it does not fit. */
function idFrom(pattern: string, path: string): string | null {
  const wanted = pattern.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return null
  let id = ''
  for (const [index, part] of wanted.entries()) {
    const text = given[index] ?? ''
    if (part !== '{id}') {
      if (part !== text) return null
      continue
    }
    try {
      id = decodeURIComponent(text)
    } catch {
      return null
    }
  }
  return id
}

function guarded(act: () => SimReply): SimReply {
  try {
    return act()
  } catch (error) {
    if (error instanceof Problem) return error.reply()
    throw error
  }
}

function notInScope(): SimReply {
  throw new Problem(403, 'access denied')
}

function nothingThere(): SimReply {
  throw notFound()
}

function requestId(world: World): string {
  return seedFrom(world.state.seed, `request/${world.state.requests}`).toString(16).padStart(8, '0')
}

/** Paths and methods only: enough for a check that watches whether the document changed. */
function openApi(): unknown {
  return {
    openapi: '3.1.0',
    info: { title: 'Runpod API', version: '2.0.0' },
    paths: Object.fromEntries(
      Object.entries(routes).map(([path, methods]) => [
        path,
        Object.fromEntries(Object.keys(methods).map((method) => [method.toLowerCase(), {}])),
      ]),
    ),
  }
}

function machineReports(world: World): MachineReport[] {
  const { meters, openMeters, pods: all } = world.state
  const billing = new Set(openMeters.map((index) => meters[index]?.machineId))
  return all.map((pod) => ({ id: pod.id, label: pod.name, state: pod.status, billing: billing.has(pod.id) }))
}
