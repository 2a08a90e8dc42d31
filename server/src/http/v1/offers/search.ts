import { z } from 'zod'
import type { MarketDeps } from '../../../app/market.ts'
import { type OfferSearchInput, type OfferSearchResult, searchOffers } from '../../../app/search-offers.ts'
import { type Answer, route } from '../../route.ts'
import { ExplanationView, explanationView, WarningView, warningView } from '../market/view.ts'
import { AdvancedSearchBody, SearchQuery, searchFromBody, searchFromQuery } from './input.ts'
import { OfferView, offerView } from './view.ts'

const reply = {
  status: 200 as const,
  data: z.array(OfferView),
  more: {
    matching: z.int().describe('How many fit, beyond the limit too.'),
    matching_is_exact: z.boolean().describe('false: at least so many; a huge market is not counted to its end.'),
    warnings: z.array(WarningView).describe('Providers that are slow or down; their offers may be missing.'),
    explanation: ExplanationView.nullable().describe('Which filter emptied the result; null when it is not empty.'),
  },
}

export const searchOffersRoute = route({
  operationId: 'searchOffers',
  method: 'GET',
  path: '/api/v1/offers/search',
  tag: 'offers',
  access: 'viewer',
  summary: 'Everything on sale that fits, cheapest first, over all providers.',
  query: SearchQuery,
  reply: { ...reply, message: 'Offers retrieved successfully' },
  errors: ['unknown_gpu'],
  handle: ({ query }, deps: MarketDeps) => found(searchFromQuery(query), deps),
})

export const searchOffersAdvancedRoute = route({
  operationId: 'searchOffersAdvanced',
  method: 'POST',
  path: '/api/v1/offers/search/advanced',
  tag: 'offers',
  access: 'viewer',
  summary: 'The same search with lists, as a JSON body.',
  body: AdvancedSearchBody,
  reply: { ...reply, message: 'Advanced search completed successfully' },
  errors: ['unknown_gpu', 'malformed_json'],
  handle: ({ body }, deps: MarketDeps) => found(searchFromBody(body), deps),
})

async function found(input: OfferSearchInput, deps: MarketDeps): Promise<Answer<z.infer<typeof OfferView>[]>> {
  const result: OfferSearchResult = await searchOffers(input, deps)
  return {
    data: result.offers.map((priced) =>
      offerView(priced, { model: deps.gpus.find(priced.offer.gpu.model), now: result.at }),
    ),
    more: {
      matching: result.matching,
      matching_is_exact: result.isExact,
      warnings: result.warnings.map(warningView),
      explanation: result.explanation === null ? null : explanationView(result.explanation),
    },
  }
}
