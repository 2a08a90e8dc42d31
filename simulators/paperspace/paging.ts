/**
 * Pages: `hasMore` and `items` always, `nextPage` only while there is a next page. The cursor is opaque; it holds the place
 * of the last item, so that a page stays right when items come and go in between.
 */

import { issue } from './errors.ts'
import type { World } from './state.ts'

const mostItems = 120

interface Listing<T> {
  items: readonly T[]
  /** The fields one may order by; the first is the default. */
  orderings: Record<string, (item: T) => string | number>
  view: (item: T) => unknown
}

export function page<T extends { seq: number }>(world: World, query: URLSearchParams, listing: Listing<T>) {
  const orderBy = query.get('orderBy') ?? Object.keys(listing.orderings)[0] ?? ''
  const keyOf = Object.hasOwn(listing.orderings, orderBy) ? listing.orderings[orderBy] : undefined
  if (!keyOf) throw badChoice(Object.keys(listing.orderings), orderBy)
  const order = query.get('order') ?? 'desc'
  if (order !== 'asc' && order !== 'desc') throw badChoice(['asc', 'desc'], order)
  const { pageSize, pageCap } = world.state.orders
  const limit = Math.min(limitFrom(query.get('limit')) ?? pageSize, pageCap ?? mostItems)

  const direction = order === 'asc' ? 1 : -1
  const compare = (a: Place, b: Place) => direction * (compareKeys(a[0], b[0]) || a[1] - b[1])
  const places = listing.items
    .map((item) => ({ item, place: [keyOf(item), item.seq] as Place }))
    .sort((a, b) => compare(a.place, b.place))
  const after = placeFrom(query.get('after'))
  const rest = after ? places.filter(({ place }) => compare(place, after) > 0) : places
  const shown = rest.slice(0, limit)
  const last = shown.at(-1)
  const hasMore = rest.length > shown.length
  return {
    hasMore,
    ...(hasMore && last ? { nextPage: cursorFrom(last.place) } : {}),
    items: shown.map(({ item }) => listing.view(item)),
  }
}

type Place = [key: string | number, seq: number]

function compareKeys(a: string | number, b: string | number): number {
  if (typeof a !== typeof b) return 0
  return a < b ? -1 : a > b ? 1 : 0
}

function limitFrom(text: string | null): number | null {
  if (text === null) return null
  const limit = Number(text)
  if (text === '' || Number.isNaN(limit)) throw issue('Expected number, received nan')
  if (!Number.isInteger(limit)) throw issue('Expected integer, received float')
  if (limit < 1) throw issue('Number must be greater than or equal to 1')
  if (limit > mostItems) throw issue(`Number must be less than or equal to ${mostItems}`)
  return limit
}

function badChoice(choices: readonly string[], received: string) {
  const choice = choices.map((each) => `'${each}'`).join(' | ')
  return issue(`Invalid enum value. Expected ${choice}, received '${received}'`)
}

function cursorFrom(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

function placeFrom(cursor: string | null): Place | null {
  if (cursor === null) return null
  try {
    const [key, seq] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    if ((typeof key === 'string' || typeof key === 'number') && typeof seq === 'number') return [key, seq]
  } catch {
    // Not one of ours: refused below like any other.
  }
  throw issue('Invalid cursor')
}
