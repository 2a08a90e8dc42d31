import { expect, test } from 'vitest'
import type { Operation } from '../core/operations/operation.ts'
import { collectingLog } from '../observability/collecting-log.ts'
import { createMetrics } from '../observability/metrics.ts'
import { createRedactor } from '../observability/redaction.ts'
import { aRequest, manualClock, type Step, scriptedTransport } from './fakes.ts'
import { createOutbound } from './http-client.ts'
import type { OutboundRequest } from './outbound.ts'
import { TransportError } from './transport.ts'

async function operationsOf(request: Partial<OutboundRequest>, ...script: Step[]): Promise<Operation[]> {
  const clock = manualClock()
  const operations: Operation[] = []
  const outbound = createOutbound({
    clock,
    transport: scriptedTransport(clock, ...script).transport,
    metrics: createMetrics(),
    log: collectingLog(),
    redactor: createRedactor(),
    userAgent: 'gpufleet/test',
    onOperation: (operation) => void operations.push(operation),
  })
  const sent = outbound.send(aRequest(request)).catch(() => {})
  await clock.advance(120_000)
  await sent
  return operations
}

test('every try is an operation, with its number and how it ended', async () => {
  const operations = await operationsOf({}, { status: 502 }, { status: 429 }, { status: 200 })
  expect(operations.map(({ attempt, status, outcome }) => [attempt, status, outcome])).toEqual([
    [1, 502, '5xx'],
    [2, 429, '429'],
    [3, 200, '2xx'],
  ])
})

test('one without a reply says what went wrong, and how long it took', async () => {
  expect(await operationsOf({ repeat: 'once' }, 'silence')).toMatchObject([
    { outcome: 'timeout', status: null, durationMs: 30_000, error: expect.stringContaining('no answer within 30 s') },
  ])
  expect(await operationsOf({ repeat: 'once' }, new TransportError('not_sent', 'refused'))).toMatchObject([
    { outcome: 'not_sent', error: expect.stringContaining('refused') },
  ])
})

test('names the path without ids, the label of a launch, and no key', async () => {
  const key = 'a-key-that-is-nobodys-business'
  const [operation] = await operationsOf({
    method: 'PUT',
    operation: 'launch',
    url: `https://vast.example/api/v0/asks/30114277/?api_key=${key}`,
    headers: { authorization: `Bearer ${key}` },
    json: { label: 'gf-testfleet-0123456789abcdef-2', env: { TOKEN: key } },
    repeat: 'once',
  })
  expect(operation).toMatchObject({
    method: 'PUT',
    path: '/api/v0/asks/:id/',
    parts: ['api', 'v0', 'asks', '30114277'],
    label: 'gf-testfleet-0123456789abcdef-2',
  })
  expect(JSON.stringify(operation)).not.toContain(key)
})

test('what goes to a rented machine or to a receiver is no call to a marketplace', async () => {
  expect(await operationsOf({ farSide: 'machine' })).toEqual([])
  expect(await operationsOf({ farSide: 'receiver' })).toEqual([])
})
