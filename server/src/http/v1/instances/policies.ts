import { z } from 'zod'
import {
  changePolicies,
  checkpointCaveat,
  extendInstance,
  type PoliciesDeps,
  snoozeInstance,
} from '../../../app/change-policies.ts'
import { getInstance } from '../../../app/instances.ts'
import { invalidRequest } from '../../problem.ts'
import { route } from '../../route.ts'
import { InstanceParams } from '../inputs.ts'
import { changeFrom, PoliciesChange } from './policies-input.ts'
import { type ShownDeps, shown } from './shown.ts'
import { InstanceView } from './view.ts'

export const changePoliciesRoute = route({
  operationId: 'changePolicies',
  method: 'POST',
  path: '/api/v1/instances/:id/policies',
  tag: 'instances',
  access: 'operator',
  summary: 'Change its policies from now on. What is named changes, null takes it away, the rest stays.',
  params: InstanceParams,
  body: PoliciesChange,
  reply: { status: 200, message: 'Policies changed', data: InstanceView },
  errors: ['not_found', 'not_allowed_now', 'not_possible_here'],
  async handle({ params, body, caller, who }, deps: PoliciesDeps & ShownDeps) {
    const before = await getInstance(params.id, who, deps)
    const { change, mistakes } = changeFrom(body, before.wish.policies)
    if (mistakes.length > 0) throw invalidRequest(mistakes)
    const message = ['Policies changed', ...checkpointCaveat(before, change)].join('; ')
    return { message, data: await shown(await changePolicies(params.id, change, who, deps), caller, deps) }
  },
})

export const snoozeInstanceRoute = route({
  operationId: 'snoozeInstance',
  method: 'POST',
  path: '/api/v1/instances/:id/snooze',
  tag: 'instances',
  access: 'operator',
  summary: 'Do not stop it for being idle for a while.',
  params: InstanceParams,
  body: z.strictObject({ minutes: z.int().min(1).max(10_080).optional().describe('From now. Default 60.') }).nullish(),
  bodyOptional: true,
  reply: { status: 200, message: 'Its stop for being idle is put off', data: InstanceView },
  errors: ['not_found', 'not_allowed_now'],
  async handle({ params, body, caller, who }, deps: PoliciesDeps & ShownDeps) {
    return { data: await shown(await snoozeInstance(params.id, body?.minutes ?? 60, who, deps), caller, deps) }
  },
})

export const extendInstanceRoute = route({
  operationId: 'extendInstance',
  method: 'POST',
  path: '/api/v1/instances/:id/extend',
  tag: 'instances',
  access: 'operator',
  summary: 'Let it live longer than its maximum lifetime says.',
  params: InstanceParams,
  body: z.strictObject({ hours: z.number().min(0.1).max(10_000) }),
  reply: { status: 200, message: 'Its maximum lifetime is longer', data: InstanceView },
  errors: ['not_found', 'not_allowed_now'],
  async handle({ params, body, caller, who }, deps: PoliciesDeps & ShownDeps) {
    return { data: await shown(await extendInstance(params.id, body.hours, who, deps), caller, deps) }
  },
})
