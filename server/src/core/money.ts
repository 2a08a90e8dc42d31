import { hourMs } from './time.ts'

declare const nanosBrand: unique symbol
/** Nano-dollars. A branded bigint, so that it cannot meet a float. */
export type Nanos = bigint & { readonly [nanosBrand]: true }

const nanosPerUsd = 1_000_000_000n

export const noMoney = 0n as Nanos

export function nanos(value: bigint): Nanos {
  return value as Nanos
}

/**
 * Dollars as a decimal text or a JSON number, as nano-dollars.
 *
 * A number is read by its shortest decimal form, which is what the sender wrote. Beyond nine decimals halves go up.
 *
 * @throws RangeError when it is not a finite decimal number
 */
export function nanosFromUsd(usd: string | number): Nanos {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(String(usd).trim())
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match ?? []
  if (!match || whole + fraction === '') throw new RangeError(`not an amount of dollars: ${String(usd)}`)
  const shift = 9 - fraction.length + Number(exponent)
  const digits = BigInt(whole + fraction)
  const value = shift >= 0 ? digits * 10n ** BigInt(shift) : divideRounded(digits, 10n ** BigInt(-shift))
  return nanos(sign === '-' ? -value : value)
}

/** Exact decimal dollars without trailing zeros: `0.36`, `12`, `-0.000000001`. */
export function usdFromNanos(amount: Nanos): string {
  const absolute = amount < 0n ? -amount : amount
  const whole = absolute / nanosPerUsd
  const fraction = (absolute % nanosPerUsd).toString().padStart(9, '0').replace(/0+$/, '')
  return `${amount < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

/** Dollars rounded for people: `usdText(x, 2)` is `0.36`. Halves go away from zero. */
export function usdText(amount: Nanos, decimals: number): string {
  const unit = 10n ** BigInt(9 - decimals)
  const absolute = amount < 0n ? -amount : amount
  const rounded = divideRounded(absolute, unit)
  const scale = 10n ** BigInt(decimals)
  const fraction = decimals === 0 ? '' : `.${(rounded % scale).toString().padStart(decimals, '0')}`
  return `${amount < 0n && rounded > 0n ? '-' : ''}${rounded / scale}${fraction}`
}

/** A JSON number for contracts that demand one; the nearest double. */
export function usdNumber(amount: Nanos): number {
  return Number(usdFromNanos(amount))
}

/**
 * What a stretch of time costs: `rate × billed milliseconds / 3,600,000`, halves up.
 *
 * @param ratePerHour nano-dollars per hour
 * @param elapsedMs   length of the stretch; a negative one costs nothing
 * @param stepMs      the smallest billed step; a begun step counts whole
 */
export function costOver(ratePerHour: Nanos, elapsedMs: number, stepMs = 1): Nanos {
  if (elapsedMs <= 0) return noMoney
  const billedMs = BigInt(Math.ceil(elapsedMs / stepMs) * stepMs)
  return nanos(divideRounded(ratePerHour * billedMs, BigInt(hourMs)))
}

/** A price times a quantity that may have decimals, such as gigabytes; exact to a millionth of the quantity. */
export function timesQuantity(price: Nanos, quantity: number): Nanos {
  return nanos(divideRounded(price * BigInt(Math.round(quantity * 1_000_000)), 1_000_000n))
}

/** A price divided by a whole number, halves up: a month into hours. */
export function dividedBy(price: Nanos, divisor: bigint): Nanos {
  return nanos(divideRounded(price, divisor))
}

export function sum(amounts: Iterable<Nanos>): Nanos {
  let total = 0n
  for (const amount of amounts) total += amount
  return nanos(total)
}

function divideRounded(value: bigint, divisor: bigint): bigint {
  const negative = value < 0n
  const absolute = negative ? -value : value
  const rounded = (absolute * 2n + divisor) / (divisor * 2n)
  return negative ? -rounded : rounded
}
