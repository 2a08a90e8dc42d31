/** Money comes as decimal text and stays text: rounding and adding happen on whole numbers. */

/** `rounded('0.31339', 4)` is `0.3134`. Halves go away from zero. What is not an amount stays as it is. */
export function rounded(amount: string, decimals: number): string {
  const value = scaled(amount, decimals + 1)
  if (value === undefined) return amount
  const negative = value < 0n
  const digits = (((negative ? -value : value) + 5n) / 10n).toString().padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  const fraction = decimals === 0 ? '' : `.${digits.slice(-decimals)}`
  return `${negative && /[1-9]/.test(digits) ? '-' : ''}${whole}${fraction}`
}

/** `$0.3134` */
export function usd(amount: string, decimals = 4): string {
  const text = rounded(amount, decimals)
  return text.startsWith('-') ? `-$${text.slice(1)}` : `$${text}`
}

/** `$0.3134/h` */
export function perHour(amount: string): string {
  return `${usd(amount)}/h`
}

/** The exact sum, as decimal text. */
export function sum(amounts: readonly string[]): string {
  const decimals = 12
  const total = amounts.reduce((all, amount) => all + (scaled(amount, decimals) ?? 0n), 0n)
  return rounded(`${total < 0n ? '-' : ''}${withPoint(total < 0n ? -total : total, decimals)}`, 9)
}

export function isZero(amount: string): boolean {
  return !/[1-9]/.test(amount)
}

/** The greatest of some; undefined of none. */
export function greatest(amounts: readonly string[]): string | undefined {
  return amounts.reduce<string | undefined>((best, one) => {
    if (best === undefined) return one
    return (scaled(one, 12) ?? 0n) > (scaled(best, 12) ?? 0n) ? one : best
  }, undefined)
}

/** The amount times 10^decimals, cut there; undefined when it is no decimal text. */
function scaled(amount: string, decimals: number): bigint | undefined {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(amount)
  if (!match) return undefined
  const [, sign, whole = '0', fraction = ''] = match
  const value = BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, '0'))
  return sign === '-' ? -value : value
}

function withPoint(value: bigint, decimals: number): string {
  const digits = value.toString().padStart(decimals + 1, '0')
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
}
