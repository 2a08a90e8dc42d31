import { z } from 'zod'
import type { CostQuery } from '../../../app/costs.ts'
import { invalidRequest } from '../../problem.ts'
import { OneWord, Project, providerFrom } from '../inputs.ts'

const moment = 'takes a day such as 2027-01-31 or a time such as 2027-01-31T12:00:00Z'

/** A day is its beginning, UTC. */
export const Moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })], { error: moment })

export const RangeShape = {
  from: Moment.optional(),
  until: Moment.optional().describe('Before this moment. Default: now.'),
}

export const CostsQuery = z.strictObject({
  ...RangeShape,
  from: Moment.optional().describe('Default: the beginning of the month in which the range ends, UTC.'),
  project: Project.optional(),
  instance_id: OneWord.max(64).optional(),
  provider: z.string().max(40).optional(),
  label: z.string().min(1).max(120).optional(),
})

export function queryFrom({ project, instance_id, provider, label, ...range }: z.infer<typeof CostsQuery>): CostQuery {
  return {
    ...rangeFrom(range),
    ...(project !== undefined && { project }),
    ...(instance_id !== undefined && { instanceId: instance_id }),
    ...(provider !== undefined && { provider: providerFrom(provider) }),
    ...(label !== undefined && { label }),
  }
}

/** @throws HttpError when it ends before it begins */
export function rangeFrom({ from, until }: { from?: string | undefined; until?: string | undefined }) {
  const range = {
    ...(from !== undefined && { from: Date.parse(from) }),
    ...(until !== undefined && { until: Date.parse(until) }),
  }
  if (range.from !== undefined && range.until !== undefined && range.from >= range.until) {
    throw invalidRequest([{ field: 'until', problem: 'is not after from' }])
  }
  return range
}
