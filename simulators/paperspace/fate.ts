/**
 * Whether a power-on succeeds. Capacity failures come after a 200: the event ends in `error` and the machine in `off`
 * (skypilot-org/skypilot#3197, #3498).
 */

import { ApiError, type ErrorCode } from './errors.ts'
import { type MachineType, matches, type Region, saysAvailable } from './market.ts'
import { type CountedOrder, take, type World } from './state.ts'

export const capacityText =
  "This machine type can't start due to insufficient capacity or higher than normal demand. Please try again later."

export type Fate = 'up' | 'capacity' | StartFailure

/**
 * `error`: the event fails for another reason · `stuck`: it never ends · `stuck-serviceready`: the system comes up, the
 * agent never does · `cancelled`: the event is cancelled · `silent-off`: the event is done and yet the machine is off.
 */
export const startFailures = ['error', 'stuck', 'stuck-serviceready', 'cancelled', 'silent-off'] as const
export type StartFailure = (typeof startFailures)[number]

/**
 * How a sell-out shows: `event` is the field-proven one, the others answer the request itself. That they exist, and with
 * which status, is not established.
 */
export const refusals: Record<string, ErrorCode> = {
  'refused-400': 'BAD_REQUEST',
  'refused-403': 'FORBIDDEN',
  'refused-409': 'CONFLICT',
  'refused-412': 'PRECONDITION_FAILED',
}

/** Availability is a hint: a few starts fail in spite of a yes, and a few succeed in spite of a no. Guessed shares. */
const failsDespiteYes = 0.02
const succeedsDespiteNo = 0.1
const failsOtherwise = 0.004
const sticks = 0.004

export function refuseWhenSoldOut(world: World, type: MachineType, region: Region): void {
  const order = take(world.state.orders.soldOut, (each) => each.how in refusals && fits(each, type, region))
  if (order) throw new ApiError(refusals[order.how] ?? 'BAD_REQUEST', capacityText)
}

export function fateOfStart(world: World, type: MachineType, region: Region): Fate {
  const { orders } = world.state
  if (take(orders.soldOut, (order) => !(order.how in refusals) && fits(order, type, region))) return 'capacity'
  const failure = take(orders.failStarts, (order) => fits(order, type, region))
  if (failure) return failure.how as StartFailure
  const available = saysAvailable(world, type, region)
  const drawn = world.random.next()
  if (orders.calm) return available ? 'up' : 'capacity'
  if (!available) return drawn < succeedsDespiteNo ? 'up' : 'capacity'
  if (drawn < failsDespiteYes) return 'capacity'
  if (drawn < failsDespiteYes + failsOtherwise) return 'error'
  if (drawn < failsDespiteYes + failsOtherwise + sticks) return 'stuck'
  return 'up'
}

function fits(order: CountedOrder, type: MachineType, region: Region): boolean {
  return matches(type, region, order.matching)
}
