/** Every path of the API that is imitated. Fabric partitions, tickets and their attachments are not: they answer 404. */

import type { SimClock } from '../../kit/clock.ts'
import type { SimRequest } from '../../kit/simulator.ts'
import { images } from '../catalogue.ts'
import type { LambdaState } from '../state.ts'
import { listAuditEvents } from './audit-events.ts'
import { createFilesystem, deleteFilesystem, listFilesystems } from './filesystems.ts'
import {
  changeGlobal,
  changeRuleset,
  createRuleset,
  deleteRuleset,
  getGlobal,
  getRuleset,
  listRules,
  listRulesets,
  replaceRules,
} from './firewall.ts'
import {
  getInstance,
  listInstances,
  listRegions,
  listTypes,
  renameInstance,
  restartInstances,
  terminateInstances,
} from './instances.ts'
import { launch } from './launch.ts'
import { addKey, deleteKey, listKeys } from './ssh-keys.ts'

export interface Call {
  state: LambdaState
  request: SimRequest
  clock: SimClock
  /** The part of the path where the table says `:id`. */
  id: string
}

interface Route {
  method: string
  path: string
  /** What stands in the envelope, `{"data": …}` unless `whole`. */
  answer: (call: Call) => unknown
  whole?: true
}

export const launchPath = '/instance-operations/launch'

const routes: readonly Route[] = [
  { method: 'GET', path: '/instance-types', answer: ({ state, clock }) => listTypes(state, clock) },
  { method: 'GET', path: '/regions', answer: listRegions },
  { method: 'GET', path: '/images', answer: () => images },
  { method: 'POST', path: launchPath, answer: ({ state, request, clock }) => launch(state, request, clock) },
  {
    method: 'POST',
    path: '/instance-operations/restart',
    answer: ({ state, request, clock }) => restartInstances(state, request, clock),
  },
  {
    method: 'POST',
    path: '/instance-operations/terminate',
    answer: ({ state, request, clock }) => terminateInstances(state, request, clock),
  },
  {
    method: 'GET',
    path: '/instances',
    answer: ({ state, request, clock }) => listInstances(state, request, clock),
  },
  { method: 'GET', path: '/instances/:id', answer: ({ state, id, clock }) => getInstance(state, id, clock) },
  {
    method: 'POST',
    path: '/instances/:id',
    answer: ({ state, id, request, clock }) => renameInstance(state, id, request, clock),
  },
  { method: 'GET', path: '/ssh-keys', answer: ({ state }) => listKeys(state) },
  { method: 'POST', path: '/ssh-keys', answer: ({ state, request, clock }) => addKey(state, request, clock) },
  { method: 'DELETE', path: '/ssh-keys/:id', answer: ({ state, id, clock }) => deleteKey(state, id, clock) },
  // The list has a hyphen in its path; creation and deletion have none.
  { method: 'GET', path: '/file-systems', answer: ({ state }) => listFilesystems(state) },
  {
    method: 'POST',
    path: '/filesystems',
    answer: ({ state, request, clock }) => createFilesystem(state, request, clock),
  },
  {
    method: 'DELETE',
    path: '/filesystems/:id',
    answer: ({ state, id, clock }) => deleteFilesystem(state, id, clock),
  },
  { method: 'GET', path: '/firewall-rules', answer: ({ state }) => listRules(state) },
  { method: 'PUT', path: '/firewall-rules', answer: ({ state, request }) => replaceRules(state, request) },
  { method: 'GET', path: '/firewall-rulesets', answer: ({ state }) => listRulesets(state) },
  {
    method: 'POST',
    path: '/firewall-rulesets',
    answer: ({ state, request, clock }) => createRuleset(state, request, clock),
  },
  { method: 'GET', path: '/firewall-rulesets/global', answer: ({ state }) => getGlobal(state) },
  {
    method: 'PATCH',
    path: '/firewall-rulesets/global',
    answer: ({ state, request }) => changeGlobal(state, request),
  },
  { method: 'GET', path: '/firewall-rulesets/:id', answer: ({ state, id }) => getRuleset(state, id) },
  {
    method: 'PATCH',
    path: '/firewall-rulesets/:id',
    answer: ({ state, id, request, clock }) => changeRuleset(state, id, request, clock),
  },
  {
    method: 'DELETE',
    path: '/firewall-rulesets/:id',
    answer: ({ state, id, clock }) => deleteRuleset(state, id, clock),
  },
  {
    method: 'GET',
    path: '/audit-events',
    answer: ({ state, request }) => listAuditEvents(state, request),
    whole: true,
  },
]

/** A known path under another method is as unknown as any other: which status the real one gives is not established. */
export function routeFor(method: string, path: string): { route: Route; id: string } | undefined {
  for (const route of routes) {
    if (route.method !== method) continue
    if (route.path === path) return { route, id: '' }
    if (!route.path.endsWith('/:id')) continue
    const prefix = route.path.slice(0, -':id'.length)
    const id = path.startsWith(prefix) ? path.slice(prefix.length) : ''
    if (id !== '' && !id.includes('/')) return { route, id: decoded(id) }
  }
  return undefined
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}
