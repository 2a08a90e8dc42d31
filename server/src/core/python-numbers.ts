/** Figures as a Python server prints them: contracts 000 and 001 were read off one. */

/** `round(value, digits)`: correct to the last binary digit of the value, and to the even digit when exactly in between. */
export function pythonRound(value: number, digits = 0): number {
  const [down = '', up = ''] = neighbours(value, digits)
  if (down === up) return Number(down)
  const between = isTie(value, digits)
  if (!between) return Number(value.toFixed(digits))
  return Number(Number(down.at(-1)) % 2 === 0 ? down : up)
}

/** `f'{value:.<digits>f}'` */
export function pythonFixed(value: number, digits: number): string {
  return pythonRound(value, digits).toFixed(digits)
}

/** Half a step away from both, exactly: only what binary can write is. */
function isTie(value: number, digits: number): boolean {
  const exact = Math.abs(value).toFixed(Math.min(100, digits + 60))
  const rest = exact.slice(exact.indexOf('.') + 1 + digits)
  return /^50*$/.test(rest)
}

/** The decimals of so many digits below and above, nearest to nought first. */
function neighbours(value: number, digits: number): [string, string] {
  const exact = Math.abs(value).toFixed(Math.min(100, digits + 60))
  const cut = exact.slice(0, exact.indexOf('.') + (digits === 0 ? 0 : 1 + digits))
  const sign = value < 0 ? '-' : ''
  const rest = exact.slice(exact.indexOf('.') + 1 + digits)
  if (/^0*$/.test(rest)) return [sign + cut, sign + cut]
  const scaled = BigInt(cut.replace('.', '')) + 1n
  const text = String(scaled).padStart(digits + 1, '0')
  const next = digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`
  return [sign + cut, sign + next]
}
