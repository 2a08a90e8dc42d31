import { z } from 'zod'
import {
  type BudgetDeps,
  changeBudget,
  createBudget,
  getBudget,
  listBudgets,
  removeBudget,
} from '../../../app/budgets.ts'
import { budgetActions, budgetPeriods, budgetScopes } from '../../../core/policies/budget.ts'
import { invalidRequest } from '../../problem.ts'
import { route } from '../../route.ts'
import { nanosFrom, Project, Usd } from '../inputs.ts'
import { BudgetView, budgetView } from './view.ts'

const BudgetParams = z.strictObject({
  id: z.string().regex(/^bud_[0-9a-z]{16}$/, 'is a budget’s id: bud_…'),
})

const Limit = Usd.describe('Above 0.')
const Action = z
  .enum(budgetActions)
  .describe(
    'What happens to what runs when it is spent; new launches and starts are refused in any case. Default none.',
  )

export const listBudgetsRoute = route({
  operationId: 'listBudgets',
  method: 'GET',
  path: '/api/v1/budgets',
  tag: 'budgets',
  access: 'viewer',
  summary: 'Every budget: what is spent, held and left, and when it ends at this rate.',
  reply: { status: 200, message: 'Budgets retrieved', data: z.array(BudgetView) },
  errors: [],
  handle: async ({ who }, deps: BudgetDeps) => ({ data: (await listBudgets(who, deps)).map(budgetView) }),
})

export const getBudgetRoute = route({
  operationId: 'getBudget',
  method: 'GET',
  path: '/api/v1/budgets/:id',
  tag: 'budgets',
  access: 'viewer',
  summary: 'One budget.',
  params: BudgetParams,
  reply: { status: 200, message: 'Budget retrieved', data: BudgetView },
  errors: ['not_found'],
  handle: async ({ params, who }, deps: BudgetDeps) => ({ data: budgetView(await getBudget(params.id, who, deps)) }),
})

export const createBudgetRoute = route({
  operationId: 'createBudget',
  method: 'POST',
  path: '/api/v1/budgets',
  tag: 'budgets',
  access: 'admin',
  summary: 'Set a budget for an instance, a label, a project or everything.',
  description:
    'A launch is refused when what is spent, what is held for other launches and its first hour are more than the limit.',
  body: z
    .strictObject({
      scope: z.enum(budgetScopes),
      key: z
        .string()
        .min(1)
        .max(120)
        .regex(/^\P{Cc}*$/u, 'is one line without control characters')
        .optional()
        .describe('The instance’s id, the label or the project; none for all.'),
      project: Project.optional(),
      period: z.enum(budgetPeriods).optional().describe('Default month: per calendar month, UTC.'),
      limit_usd: Limit,
      action: Action.optional(),
    })
    .meta({ id: 'NewBudget' }),
  reply: { status: 201, message: 'Budget set', data: BudgetView },
  errors: ['not_found', 'forbidden'],
  async handle({ body, who }, deps: BudgetDeps) {
    const { scope, key = null, project = null, period = 'month', action = 'none' } = body
    if (scope === 'all' && key !== null)
      throw invalidRequest([{ field: 'key', problem: 'means nothing with scope all' }])
    if (scope === 'project' && key !== null && project !== null && key !== project) {
      throw invalidRequest([{ field: 'key', problem: `is ${key}, but project is ${project}` }])
    }
    if ((scope === 'instance' || scope === 'label') && key === null) {
      throw invalidRequest([{ field: 'key', problem: `is needed: which ${scope}` }])
    }
    const limit = limitFrom(body.limit_usd)
    return { data: budgetView(await createBudget({ scope, key, project, period, limit, action }, who, deps)) }
  },
})

export const changeBudgetRoute = route({
  operationId: 'changeBudget',
  method: 'PUT',
  path: '/api/v1/budgets/:id',
  tag: 'budgets',
  access: 'admin',
  summary: 'Change a budget. What is left out stays; its thresholds are told anew.',
  params: BudgetParams,
  body: z
    .strictObject({ limit_usd: Limit.optional(), period: z.enum(budgetPeriods).optional(), action: Action.optional() })
    .meta({ id: 'BudgetChange' }),
  reply: { status: 200, message: 'Budget changed', data: BudgetView },
  errors: ['not_found'],
  async handle({ params, body, who }, deps: BudgetDeps) {
    const { limit_usd: limit, period, action } = body
    const change = {
      ...(limit !== undefined && { limit: limitFrom(limit) }),
      ...(period !== undefined && { period }),
      ...(action !== undefined && { action }),
    }
    if (Object.keys(change).length === 0) throw invalidRequest([{ field: 'body', problem: 'names nothing to change' }])
    return { data: budgetView(await changeBudget(params.id, change, who, deps)) }
  },
})

export const removeBudgetRoute = route({
  operationId: 'removeBudget',
  method: 'DELETE',
  path: '/api/v1/budgets/:id',
  tag: 'budgets',
  access: 'admin',
  summary: 'Remove a budget. What runs goes on.',
  params: BudgetParams,
  body: z.strictObject({}).nullish(),
  bodyOptional: true,
  reply: { status: 200, message: 'Budget removed', data: z.object({ id: z.string() }) },
  errors: ['not_found'],
  handle: async ({ params, who }, deps: BudgetDeps) => ({
    data: { id: (await removeBudget(params.id, who, deps)).id },
  }),
})

function limitFrom(usd: z.infer<typeof Usd>) {
  const limit = nanosFrom(usd)
  if (limit === 0n) throw invalidRequest([{ field: 'limit_usd', problem: 'nothing is free: name a limit above 0' }])
  return limit
}
