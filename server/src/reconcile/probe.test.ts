import { expect, test } from 'vitest'
import { healthUrl } from '../core/instances/health-url.ts'
import type { OutboundRequest } from '../outbound/outbound.ts'
import { aMachine } from '../testing/builders.ts'
import { createProbe } from './probe.ts'

const check = { path: '/health', port: 8000, timeoutMs: 60_000 }
const endpoint = { containerPort: 8000, protocol: 'tcp', host: '203.0.113.7', port: 40_001, url: null } as const

test('asks the machine where its port is reached, and nobody else whatever the path says', () => {
  expect(healthUrl({ endpoints: [endpoint] }, check)).toBe('http://203.0.113.7:40001/health')
  expect(
    healthUrl({ endpoints: [{ ...endpoint, url: 'https://pod-8000.example' }] }, { ...check, path: '/v1?x=1' }),
  ).toBe('https://pod-8000.example/v1?x=1')
  for (const path of ['//169.254.169.254/latest', '/\\10.0.0.1:9200/', '/../../@evil.example/']) {
    expect(new URL(healthUrl({ endpoints: [endpoint] }, { ...check, path }) ?? '').host).toBe('203.0.113.7:40001')
  }
})

test('a port that is not published, or only over UDP, cannot pass', () => {
  expect(healthUrl({ endpoints: [] }, check)).toBeUndefined()
  expect(healthUrl({ endpoints: [{ ...endpoint, protocol: 'udp' }] }, check)).toBeUndefined()
})

test.each([
  [200, 'passing'],
  [399, 'passing'],
  [404, 'failing'],
  [502, 'failing'],
])('an answer of %i is %s', async (status, verdict) => {
  const requests: OutboundRequest[] = []
  const probe = createProbe({
    async send(request) {
      requests.push(request)
      return { status, headers: {}, text: '', json: undefined, retryAfterMs: null }
    },
  })
  expect(await probe(aMachine({ endpoints: [endpoint] }), check)).toBe(verdict)
  // Public addresses only, nothing of ours sent along, and one set of counters for all machines.
  expect(requests).toMatchObject([{ farSide: 'machine', account: 'all', repeat: 'once' }])
  expect(requests[0]?.headers).toBeUndefined()
})
