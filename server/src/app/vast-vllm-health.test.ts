import { expect, test } from 'vitest'
import { OutboundError, type OutboundReply, type OutboundRequest } from '../outbound/outbound.ts'
import { createAskVllm } from './vast-vllm-health.ts'

function asking(answer: () => Partial<OutboundReply>) {
  const sent: OutboundRequest[] = []
  const ask = createAskVllm({
    send: async (request) => {
      sent.push(request)
      return { status: 200, headers: {}, text: '', json: undefined, retryAfterMs: null, ...answer() }
    },
  })
  return { sent, ask }
}

test('asks a machine, once, for ten seconds at most, and sends nothing along', async () => {
  const { sent, ask } = asking(() => ({}))
  expect(await ask({ ip: '203.0.113.9', port: 8_000 })).toEqual({ kind: 'healthy' })
  expect(sent).toMatchObject([
    { url: 'http://203.0.113.9:8000/health', farSide: 'machine', repeat: 'once', timeoutMs: 10_000 },
  ])
  expect(sent[0]).not.toHaveProperty('headers')
  await ask({ ip: '2001:db8::1', port: 8_000 })
  expect(sent[1]?.url).toBe('http://[2001:db8::1]:8000/health')
})

test('anything but 200 is not serving', async () => {
  expect(await asking(() => ({ status: 503 })).ask({ ip: '203.0.113.9', port: 1 })).toEqual({
    kind: 'unhealthy',
    why: 'it answers 503',
  })
})

test('silence is told apart from a refused connection', async () => {
  const failing = (trouble: OutboundError['trouble']) =>
    asking(() => {
      throw new OutboundError(trouble, 'no')
    }).ask({ ip: '203.0.113.9', port: 1 })
  expect(await failing('timeout')).toEqual({ kind: 'timeout' })
  expect(await failing('network')).toMatchObject({ kind: 'unhealthy' })
  expect(await failing('not_sent')).toMatchObject({ kind: 'unhealthy' })
})
