/** What a request meets before any route: Cloudflare, the key, the account, the rate limit, upstream trouble. */

import { text } from '../kit/controlled.ts'
import type { SimReply, SimRequest } from '../kit/simulator.ts'
import { accountInactive, invalidApiKey, Refusal, refusalReply } from './errors.ts'
import { launchPath } from './routes/table.ts'
import { type LambdaState, takeOrder } from './state.ts'

/** Cloudflare refuses library default agents and abusive callers in front of the host, and never in JSON. */
export function cloudflarePage(state: LambdaState, request: SimRequest): SimReply | undefined {
  const ordered = takeOrder(state.cloudflarePages, () => true)
  if (ordered?.kind === '1015') {
    return page(429, 'Error 1015', 'You are being rate limited. The owner of this website has banned you temporarily.')
  }
  if (ordered?.kind === '1010' || /^python-urllib\//i.test(request.headers['user-agent'] ?? '')) {
    return text(403, 'error code: 1010', { server: 'cloudflare' })
  }
  return undefined
}

export function checkAccount(state: LambdaState, request: SimRequest, apiKey: string): void {
  if (state.settings.keyRevoked || !carriesKey(request, apiKey)) throw invalidApiKey()
  if (state.settings.accountInactive) throw accountInactive()
}

/** Bearer; Basic with the key as user name and no password; Basic with the bare key. */
function carriesKey(request: SimRequest, apiKey: string): boolean {
  const [, scheme = '', credentials = ''] = /^(\S+)\s+(.*)$/.exec(request.headers.authorization ?? '') ?? []
  if (scheme.toLowerCase() === 'bearer') return credentials === apiKey
  if (scheme.toLowerCase() !== 'basic') return false
  return credentials === apiKey || Buffer.from(credentials, 'base64').toString('utf8') === `${apiKey}:`
}

/** Per account, as the scope is not documented. A refused request does not push the next one back. */
export function rateLimited(state: LambdaState, path: string, now: number): SimReply | undefined {
  const { requestGapMs, launchGapMs } = state.settings
  const isLaunch = path === launchPath
  const waits = [
    wait(state.lastRequestAt, requestGapMs, now),
    isLaunch ? wait(state.lastLaunchAt, launchGapMs, now) : 0,
  ]
  if (waits.some((ms) => ms > 0)) return tooMany(state)
  state.lastRequestAt = now
  if (isLaunch) state.lastLaunchAt = now
  return undefined
}

const wait = (last: number | null, gapMs: number, now: number): number => (last === null ? 0 : last + gapMs - now)

function tooMany(state: LambdaState): SimReply {
  const { rateLimitBody, rateLimitRetryAfter } = state.settings
  const reply =
    rateLimitBody === 'html'
      ? page(429, '429 Too Many Requests', 'You are being rate limited.')
      : refusalReply(new Refusal(429, 'global/too-many-requests', 'Rate limit exceeded.'))
  if (rateLimitRetryAfter <= 0) return reply
  return { ...reply, headers: { ...reply.headers, 'retry-after': String(rateLimitRetryAfter) } }
}

function page(status: number, title: string, words: string): SimReply {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=UTF-8', server: 'cloudflare' },
    body: `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1><p>${words}</p></body></html>\n`,
  }
}
