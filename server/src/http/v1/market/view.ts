import { z } from 'zod'
import type { Explanation } from '../../../core/offers/explain.ts'
import type { MarketWarning } from '../../../core/offers/market-view.ts'
import { publicProviderNames } from '../../../core/providers.ts'

export const WarningView = z
  .object({
    provider: z.string(),
    kind: z.enum(['slow', 'down', 'sampled', 'switched_off', 'deprecated']),
    message: z.string(),
  })
  .meta({ id: 'MarketWarning' })

export function warningView(warning: MarketWarning): z.infer<typeof WarningView> {
  return { ...warning, provider: publicProviderNames[warning.provider] }
}

export const ExplanationView = z
  .object({
    sentence: z.string(),
    total: z.int().describe('Offers looked at.'),
    emptied_by: z.array(z.string()).describe('The filters to blame.'),
    filters: z.array(
      z.object({
        name: z.string(),
        removes: z
          .int()
          .describe('Offers of the models asked for that fail it, whatever the other filters say; gpu_model: of all.'),
        unknown: z.int().describe('Offers of which the marketplace does not say; they do not pass.'),
        keeps: z.int(),
        left_without: z.int().describe('How many would be left if only this filter were dropped.'),
      }),
    ),
  })
  .meta({ id: 'Explanation' })

export function explanationView(explanation: Explanation): z.infer<typeof ExplanationView> {
  return {
    sentence: explanation.sentence,
    total: explanation.total,
    emptied_by: explanation.emptiedBy,
    filters: explanation.filters.map(({ leftWithout, ...effect }) => ({ ...effect, left_without: leftWithout })),
  }
}
