import { isIP } from 'node:net'
import { isPublicAddress } from '../outbound/address-rules.ts'
import { AppError } from './errors.ts'

/**
 * Says at once what every delivery would run into. A name is looked up only when something is sent, and checked again each
 * time: what it resolves to may change.
 *
 * @throws AppError `invalid_request`
 */
export function requireReachable(text: string, { allowPrivate }: { allowPrivate: boolean }): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw refused('the address of a webhook is an http(s) URL', 'name one such as https://example.com/hooks')
  }
  if (url.username !== '' || url.password !== '') {
    throw refused('the address of a webhook carries no user and password', 'check the signature instead')
  }
  if (!allowPrivate && isInside(url.hostname)) {
    throw refused(
      `${url.hostname} is not a public address`,
      'name a public one, or set WEBHOOK_ALLOW_PRIVATE=true to deliver inside your own network',
    )
  }
}

function isInside(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  return host === 'localhost' || host.endsWith('.localhost') || (isIP(host) !== 0 && !isPublicAddress(host))
}

function refused(message: string, fix: string): AppError {
  return new AppError('invalid_request', message, { fix, details: { mistakes: [{ field: 'url', problem: message }] } })
}
