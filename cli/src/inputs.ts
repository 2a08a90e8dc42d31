/** Reads the values of options. Each throws what commander shows beside the option's name. */

import { InvalidArgumentError } from 'commander'

/** Dollars stay text: `0.50`, `.5`, `$2`. */
export function dollars(text: string): string {
  const plain = text.trim().replace(/^\$/, '').replace(/^\./, '0.')
  if (!/^\d{1,9}(\.\d{1,9})?$/.test(plain)) throw new InvalidArgumentError('Say dollars per hour, such as 0.50.')
  return plain
}

export function amount(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('Say a number, such as 24.')
  return Number(text)
}

export function whole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Say a whole number, such as 20.')
  return Number(text)
}

/** `90`, `90s`, `10m`, `1h` as milliseconds. */
export function timeSpan(text: string): number {
  const match = /^(\d{1,6})\s*(s|sec|m|min|h)?$/.exec(text.trim())
  if (!match) throw new InvalidArgumentError('Say a time, such as 90s, 10m or 1h.')
  const unit = { s: 1_000, m: 60_000, h: 3_600_000 }[match[2]?.charAt(0) ?? 's'] ?? 1_000
  return Number(match[1]) * unit
}

/** An option that may be given again, and that takes several values between commas. */
export function listedValues(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), ...text.split(',').map((one) => one.trim())].filter((one) => one !== '')
}

/** An option that may be given again; a comma is part of the value. */
export function repeated(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text]
}

export interface Port {
  container_port: number
  host_port?: number | undefined
  protocol?: 'tcp' | 'udp' | 'http' | undefined
}

/** `8000`, `8000/http`, `18000:8000/tcp` */
export function port(text: string, before: Port[] | undefined): Port[] {
  const match = /^(?:(\d{1,5}):)?(\d{1,5})(?:\/(tcp|udp|http))?$/.exec(text)
  if (!match) throw new InvalidArgumentError('Say a port of the container, such as 8000 or 8000/http (tcp, udp, http).')
  const [, host, container, protocol] = match
  return [
    ...(before ?? []),
    {
      container_port: Number(container),
      ...(host !== undefined && { host_port: Number(host) }),
      ...(protocol !== undefined && { protocol: protocol as 'tcp' | 'udp' | 'http' }),
    },
  ]
}
