import { z } from 'zod'
import { type BillReconciliationDeps, billReconciliation } from '../../../app/bill-reconciliation.ts'
import { type CostsDeps, costGroups, costs } from '../../../app/costs.ts'
import { route } from '../../route.ts'
import { providerFrom, WholeText } from '../inputs.ts'
import { CostsQuery, Moment, queryFrom, RangeShape, rangeFrom } from './input.ts'
import { BillReconciliationView, billReconciliationView, CostsReport, costsReport } from './view.ts'

export const getCostsRoute = route({
  operationId: 'getCosts',
  method: 'GET',
  path: '/api/v1/costs',
  tag: 'costs',
  access: 'viewer',
  summary: 'What was spent within a range of time, by anything.',
  description: 'Days are UTC. Ranges that follow upon each other add up, to the nano-dollar.',
  query: CostsQuery.extend({
    group_by: z.enum(costGroups).optional().describe('Default instance.'),
    limit: WholeText(1, 10_000).optional().describe('How many rows, the dearest first. Default 1000.'),
  }),
  reply: { status: 200, message: 'Costs added up', data: CostsReport },
  errors: ['forbidden'],
  async handle({ query: { group_by: by = 'instance', limit = 1_000, ...query }, who }, deps: CostsDeps) {
    return { data: costsReport(await costs(queryFrom(query), by, who, deps), limit) }
  },
})

export const billReconciliationRoute = route({
  operationId: 'getBillReconciliation',
  method: 'GET',
  path: '/api/v1/costs/reconciliation',
  tag: 'costs',
  access: 'viewer',
  allProjects: true,
  summary: 'Every marketplace’s bill against our ledger, machine by machine, each difference explained.',
  description: 'Machines that ran within the range are compared over their whole lives. Takes a key of all projects.',
  query: z.strictObject({
    ...RangeShape,
    from: Moment.optional().describe('Default: 31 days before the end.'),
    provider: z.string().max(40).optional(),
    limit: WholeText(1, 10_000).optional().describe('How many machines of each account. Default 1000.'),
  }),
  reply: { status: 200, message: 'Bills compared', data: BillReconciliationView },
  errors: ['forbidden'],
  async handle({ query: { provider, limit = 1_000, ...range }, who }, deps: BillReconciliationDeps) {
    const query = { ...rangeFrom(range), ...(provider !== undefined && { provider: providerFrom(provider) }) }
    return { data: billReconciliationView(await billReconciliation(query, who, deps), limit) }
  },
})
