/** What the checks of contract 003 have in common: a market that was swept once, and rows as they come. */

import type { WorldOptions } from '../world.ts'
import type { Lab, LabWorld } from './lab.ts'

// biome-ignore lint/suspicious/noExplicitAny: rows as the API answers them
export type Row = any

/** All five marketplaces, looked at once; for checks that only look. */
export function aMarket(lab: Lab): Promise<LabWorld> {
  return lab.shared('003 market', async (forAll) => {
    const world = await forAll.world()
    await swept(world)
    return world
  })
}

/** One that nobody searches for more, so that all of it fits into one answer. */
export function smallMarket(lab: Lab): Promise<LabWorld> {
  return lab.shared('003 small market', async (forAll) => {
    const world = await forAll.world()
    await swept(world)
    return world
  })
}

/** Ends the product, and starts it again on the same data. */
export async function restarted(lab: Lab, world: LabWorld, options: WorldOptions): Promise<LabWorld> {
  await world.clock.drive(world.application.stop())
  // The lab ends both; the first one has ended.
  world.application.stop = async () => {}
  return lab.world({ ...options, after: world })
}

/** Waits until every marketplace with a key has shown what it has. */
export async function swept(world: LabWorld): Promise<void> {
  await world.until(async () => {
    const { body } = await world.call('GET', '/api/v1/offers/search?limit=1')
    return body.data.length > 0 && body.warnings.length === 0
  }, 120_000)
}

export async function found(world: LabWorld, query: string): Promise<Row[]> {
  const { status, body } = await world.call('GET', `/api/v1/offers/search?${query}`)
  if (status !== 200) throw new Error(`search ${query}: ${status} ${JSON.stringify(body)}`)
  return body.data
}

export async function advanced(world: LabWorld, filter: Record<string, unknown>): Promise<Row[]> {
  const { status, body } = await world.call('POST', '/api/v1/offers/search/advanced', filter)
  if (status !== 200) throw new Error(`search ${JSON.stringify(filter)}: ${status} ${JSON.stringify(body)}`)
  return body.data
}

/** Everything that is listed, whether it can be rented or not. */
export const everything = (world: LabWorld) => found(world, 'available=false&limit=1000')

export async function data(world: LabWorld, path: string): Promise<Row> {
  const { status, body } = await world.call('GET', path)
  if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`)
  return body.data
}

/**
 * Tries a filter with offers on both sides of it: what it shows is exactly what fits of all that is on sale.
 *
 * @returns how many passed and how many did not
 */
export async function splits(
  world: LabWorld,
  filter: Record<string, unknown>,
  fits: (row: Row) => boolean,
): Promise<{ in: number; out: number }> {
  const all = await found(world, 'limit=1000')
  const rows = await advanced(world, { ...filter, limit: 1000 })
  const said = JSON.stringify(filter)
  const wrong = rows.find((row) => !fits(row))
  if (wrong !== undefined) throw new Error(`${said} shows ${JSON.stringify(wrong).slice(0, 300)}`)
  const missed = all.find((row) => fits(row) && !rows.some((one) => one.id === row.id))
  if (missed !== undefined) throw new Error(`${said} leaves out ${JSON.stringify(missed).slice(0, 300)}`)
  const out = all.filter((row) => !fits(row)).length
  if (rows.length === 0 || out === 0) throw new Error(`${said} has ${rows.length} in and ${out} out: it shows nothing`)
  return { in: rows.length, out }
}

export function isSorted(values: readonly number[], order: 'asc' | 'desc'): boolean {
  return values.every((value, at) => at === 0 || (order === 'asc' ? 1 : -1) * (value - (values[at - 1] ?? 0)) >= 0)
}

export const about = (one: number, other: number) => Math.abs(one - other) < 1e-6
