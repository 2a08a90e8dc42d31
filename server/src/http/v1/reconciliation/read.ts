import { z } from 'zod'
import { type ReconciliationDeps, reconcileNow, reconciliation } from '../../../app/reconciliation.ts'
import { route } from '../../route.ts'
import { ReconciliationView, reconciliationView } from './view.ts'

export const reconciliationRoute = route({
  operationId: 'getReconciliation',
  method: 'GET',
  path: '/api/v1/reconciliation',
  tag: 'reconciliation',
  access: 'viewer',
  allProjects: true,
  summary: 'Everything that the accounts bill, whose it is, and when that was last checked.',
  description: 'Takes a key of all projects.',
  reply: { status: 200, message: 'Reconciliation retrieved successfully', data: ReconciliationView },
  errors: ['forbidden'],
  handle: async ({ who }, deps: ReconciliationDeps) => ({ data: reconciliationView(await reconciliation(who, deps)) }),
})

export const runReconciliationRoute = route({
  operationId: 'runReconciliation',
  method: 'POST',
  path: '/api/v1/reconciliation',
  tag: 'reconciliation',
  access: 'operator',
  allProjects: true,
  summary: 'Look at every account now. What carries our label and nothing wants is ended.',
  description: 'Happens by itself every two minutes. Takes a key of all projects.',
  body: z.strictObject({}).nullish(),
  bodyOptional: true,
  reply: { status: 200, message: 'Every account was looked at', data: ReconciliationView },
  errors: ['forbidden'],
  handle: async ({ who }, deps: ReconciliationDeps) => ({ data: reconciliationView(await reconcileNow(who, deps)) }),
})
