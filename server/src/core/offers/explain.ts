import { type Answer, type FilterRule, type MatchContext, type OfferFilter, statedRules } from './match.ts'
import type { Offer } from './offer.ts'

/**
 * What one stated filter does to the offers of the models asked for, whatever the others do; `gpu_model` itself, to all
 * offers. `removes + unknown + keeps` is the number of those offers.
 */
export interface FilterEffect {
  /** As the API calls it: `max_price`. */
  name: string
  /** Offers that fail it. */
  removes: number
  /** Offers of which the marketplace does not say; they do not pass. */
  unknown: number
  keeps: number
  /** How many would be left if only this filter were dropped. */
  leftWithout: number
}

export interface Explanation {
  /** All offers that were looked at. */
  total: number
  /** Those that pass every filter. */
  left: number
  filters: FilterEffect[]
  /** The filters to blame for an empty result; empty when something is left, or when there was nothing to begin with. */
  emptiedBy: string[]
  sentence: string
}

/** One stated filter while offers are being counted. */
interface Tally {
  rule: FilterRule
  effect: FilterEffect
  /** Offers that this filter alone keeps out of the result. */
  keptOut: Offer[]
}

/** Why a search found what it found, so that an empty answer can say what to change. */
export function explain(offers: readonly Offer[], filter: OfferFilter, context: MatchContext): Explanation {
  const tallies = statedRules(filter).map(
    (rule): Tally => ({
      rule,
      effect: { name: rule.name, removes: 0, unknown: 0, keeps: 0, leftWithout: 0 },
      keptOut: [],
    }),
  )
  const wanted: Offer[] = []
  let left = 0

  const byModel = tallies.find(({ rule }) => rule.name === 'gpu_model')
  const others = tallies.filter((tally) => tally !== byModel)
  for (const offer of offers) {
    const isWanted = byModel === undefined || byModel.rule.passes(offer, filter, context) === true
    if (byModel !== undefined) count(byModel.effect, isWanted)
    if (!isWanted) {
      // What the other filters do to models that nobody asked for explains nothing.
      if (others.every(({ rule }) => rule.passes(offer, filter, context) === true)) byModel.keptOut.push(offer)
      continue
    }
    wanted.push(offer)
    let failures = 0
    let failed: Tally | undefined
    for (const tally of others) {
      const answer = tally.rule.passes(offer, filter, context)
      count(tally.effect, answer)
      if (answer === true) continue
      failures += 1
      failed = tally
    }
    if (failures === 0) left += 1
    if (failures === 1) failed?.keptOut.push(offer)
  }
  for (const { effect, keptOut } of tallies) effect.leftWithout = left + keptOut.length

  const toBlame = left > 0 || offers.length === 0 ? [] : blamed(tallies, wanted)
  return {
    total: offers.length,
    left,
    filters: tallies.map(({ effect }) => effect),
    emptiedBy: toBlame.map(({ rule }) => rule.name),
    sentence: inWords(),
  }

  function inWords(): string {
    if (offers.length === 0) return 'nothing is on sale'
    if (left > 0) return `${left} of ${offers.length} offers match`
    const [first, ...others] = toBlame
    if (!first) return 'no offer matches'
    if (wanted.length === 0) return `none of the ${offers.length} offers on sale is ${models(filter, ' or ')}`
    if (first.keptOut.length > 0) return removal(first.rule, first.keptOut)
    if (first.effect.keeps > 0) return `no offer passes ${list(toBlame)} at once; each of them alone leaves some`
    const also = others.length > 0 ? `; so did ${list(others)}` : ''
    return `${removal(first.rule, wanted)}${also}`
  }

  /** `max_price removed 312 of 312 RTX 4090 offers; the cheapest costs 0.31` */
  function removal(rule: FilterRule, removed: readonly Offer[]): string {
    const silent = removed.filter((offer) => rule.passes(offer, filter, context) === 'unknown').length
    const best = rule.best?.(removed, context)
    const kind = rule.name === 'gpu_model' ? '' : `${models(filter, ' and ')} `.trimStart()
    return [
      `${rule.name} removed ${removed.length} of ${removed.length} ${kind}offers`,
      ...(silent > 0 ? [`of ${silent} the marketplace does not say`] : []),
      ...(best === undefined ? [] : [best]),
    ].join('; ')
  }
}

function count(effect: FilterEffect, answer: Answer | undefined): void {
  if (answer === true) effect.keeps += 1
  else if (answer === 'unknown') effect.unknown += 1
  else effect.removes += 1
}

/**
 * The wanted models, where none is on sale. Else the filters of which one dropped alone would help, most helpful first.
 * Else those that no wanted offer passes; and where there are none either, all that remove something: together they do.
 */
function blamed(tallies: readonly Tally[], wanted: readonly Offer[]): Tally[] {
  if (wanted.length === 0) return tallies.filter(({ rule }) => rule.name === 'gpu_model')
  const helpful = tallies
    .filter(({ keptOut }) => keptOut.length > 0)
    .sort((a, b) => b.keptOut.length - a.keptOut.length)
  // A smaller wish first: other models are the last thing that somebody wants to hear of.
  const wantedHelp = helpful.filter(({ rule }) => rule.name !== 'gpu_model')
  if (wantedHelp.length > 0) return wantedHelp
  const hopeless = tallies.filter(({ rule, effect }) => rule.name !== 'gpu_model' && effect.keeps === 0)
  if (hopeless.length > 0) return hopeless
  return tallies.filter(({ effect }) => effect.removes + effect.unknown > 0)
}

/** The models of the wish when they are few enough to be read. */
function models({ models: names = [] }: OfferFilter, between: string): string {
  if (names.length <= 2) return names.join(between)
  return between === ' or ' ? 'of the wanted models' : ''
}

function list(tallies: readonly Tally[]): string {
  const names = tallies.map(({ rule }) => rule.name)
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
