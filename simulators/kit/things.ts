/** `POST /_control/special/foreign-thing`: something that bills, as if the customer had made it elsewhere. */

import type { ThingKind } from './bill.ts'
import { NotPossibleHere } from './simulator.ts'

export interface ThingOrder {
  kind: ThingKind
  /** Any name, also one that looks like somebody's label. */
  name: string
  /** A machine's id. */
  attachedTo: string | null
  sizeGb: number
}

export function thingOrderFrom(order: Record<string, unknown>, sold: readonly ThingKind[]): ThingOrder {
  const kind = sold.find((each) => each === order.kind)
  if (!kind) throw new NotPossibleHere(`kind is one of ${sold.join(', ')} here, not ${String(order.kind)}`)
  const { name = 'made-in-the-console', attachedTo = null, sizeGb = 100 } = order
  if (typeof name !== 'string') throw new RangeError('name is a text')
  if (attachedTo !== null && typeof attachedTo !== 'string') throw new RangeError("attachedTo is a machine's id")
  if (typeof sizeGb !== 'number' || !Number.isInteger(sizeGb) || sizeGb < 1)
    throw new RangeError('sizeGb is a whole number from 1')
  return { kind, name, attachedTo, sizeGb }
}

/** A percentage, or null to let it move again. */
export function percentFrom(order: Record<string, unknown>): number | null {
  const { percent = null } = order
  if (percent === null) return null
  if (typeof percent !== 'number' || !(percent >= 0 && percent <= 100)) throw new RangeError('percent is 0 to 100')
  return percent
}

/** The most rows a page may have, or null for no such cap. */
export function pageSizeFrom(order: Record<string, unknown>): number | null {
  const { n } = order
  if (n === null) return null
  if (typeof n !== 'number' || !Number.isInteger(n) || n < 1)
    throw new RangeError('n is a whole number from 1, or null')
  return n
}
