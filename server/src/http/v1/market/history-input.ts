import { z } from 'zod'
import type { HistoryInput } from '../../../app/market-history.ts'
import { intervals } from '../../../core/market-history/span.ts'
import type { Market } from '../../../core/offers/offer.ts'
import { type ProviderName, providerNamed } from '../../../core/providers.ts'
import { invalidRequest } from '../../problem.ts'
import { Moment, rangeFrom } from '../costs/input.ts'
import { unknownProvider } from '../inputs.ts'

/** At least one name; `,` names nothing, and would drop the filter in silence. */
const names = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/[^,\s]/, 'takes one or several names, separated by commas')

/** Which part of the market somebody asks about. */
export const MarketPartShape = {
  gpu_model: names(500).optional().describe('In any spelling; several with commas. A family means all its variants.'),
  provider: names(200).optional().describe('Several with commas.'),
  market: z.enum(['on_demand', 'spot', 'any']).optional().describe('Default any.'),
}

export const HistoryQuery = z.strictObject({
  ...MarketPartShape,
  from: Moment.optional().describe('Default: seven days before until.'),
  until: Moment.optional().describe('Before this moment. Default: now.'),
  interval: z
    .enum(intervals)
    .optional()
    .describe('Default: hour for up to seven days of not too many models, else day. UTC.'),
})

type MarketPart = { [Key in keyof typeof MarketPartShape]?: z.infer<(typeof MarketPartShape)[Key]> }

export function historyFrom({ from, until, interval, ...part }: z.infer<typeof HistoryQuery>): HistoryInput {
  const range = rangeFrom({ from, until })
  return { ...marketPartFrom(part), ...range, ...(interval !== undefined && { interval }) }
}

/** @throws HttpError that names the providers nobody knows */
export function marketPartFrom({ gpu_model, provider, market }: MarketPart) {
  const providers = listFrom(provider).map((text) => ({ text, name: providerNamed(text) }))
  const unknown = providers.filter(({ name }) => name === undefined)
  if (unknown.length > 0) throw invalidRequest(unknown.map(({ text }) => unknownProvider('provider', text)))
  const markets: Market[] = market === undefined || market === 'any' ? [] : [market]
  return {
    gpuModels: listFrom(gpu_model),
    providers: providers.map(({ name }) => name).filter((name): name is ProviderName => name !== undefined),
    markets,
  }
}

function listFrom(text = ''): string[] {
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}
