import { expect, test } from 'vitest'
import { exitCodes } from '../exit-codes.ts'
import { cli, good } from '../testing/fake-world.ts'

const aWebhook = {
  id: 'wh_1',
  url: 'https://receiver.example/hook',
  style: 'standard',
  events: ['instance.*'],
  enabled: true,
  disabled_because: null,
  created_at: '2026-10-01T12:00:00.000Z',
}
const aDelivery = {
  id: 'msg_1',
  event_id: 1,
  type: 'instance.ready',
  state: 'dead',
  tries: 10,
  created_at: '2026-10-01T12:00:00.000Z',
  next_try_at: null,
  ended_at: '2026-10-04T12:00:00.000Z',
  last_status: 503,
  last_error: 'HTTP 503',
}

test('list shows which are on, and why one is off', async () => {
  const off = { ...aWebhook, id: 'wh_2', enabled: false, disabled_because: 'it answered 410 Gone', events: [] }
  const { out } = await cli(['webhooks', 'list'], { answers: { 'GET /api/v1/webhooks': [aWebhook, off] } })
  expect(out[1]).toMatch(/^wh_1\s+on\s+standard\s+instance\.\*\s+https:/)
  expect(out[2]).toMatch(/^wh_2\s+off: it answered 410 Gone\s+standard\s+all/)
})

test('add sends what was asked for, and shows the secret', async () => {
  const { out, requests } = await cli(
    ['webhooks', 'add', aWebhook.url, '--events', 'instance.ready,fleet.*', '--style', 'contract002'],
    { answers: { 'POST /api/v1/webhooks': { ...aWebhook, secret: 'whsec_once' } } },
  )
  expect(requests[0]?.body).toEqual({
    url: aWebhook.url,
    events: ['instance.ready', 'fleet.*'],
    style: 'contract002',
  })
  expect(out.join('\n')).toContain('whsec_once')
})

test('a style that there is not is wrong usage', async () => {
  const { exitCode, requests } = await cli(['webhooks', 'add', aWebhook.url, '--style', 'other'])
  expect([exitCode, requests]).toEqual([exitCodes.usage, []])
})

test('test ends with 1 when the message was not taken', async () => {
  const ran = (data: object) =>
    cli(['webhooks', 'test', 'wh_1'], { answers: { 'POST /api/v1/webhooks/wh_1/test': data } })
  expect(await ran({ delivered: true, status: 204, error: null })).toMatchObject({
    exitCode: 0,
    out: ['taken: HTTP 204'],
  })
  const refused = await ran({ delivered: false, status: null, error: 'no answer within 10 s' })
  expect(refused).toMatchObject({ exitCode: 1, out: ['not taken: no answer within 10 s'] })
})

test('deliveries shows those in a state', async () => {
  const { out, requests } = await cli(['webhooks', 'deliveries', 'wh_1', '--state', 'dead'], {
    answers: { 'GET /api/v1/webhooks/wh_1/deliveries': () => good([aDelivery], { next_cursor: null }) },
  })
  expect(requests[0]?.query.get('state')).toBe('dead')
  expect(out[1]).toMatch(/^msg_1\s+instance\.ready\s+dead\s+10 .*HTTP 503$/)
})

test('replay without a delivery replays every dead letter, over all pages', async () => {
  const { out, requests } = await cli(['webhooks', 'replay', 'wh_1'], {
    answers: {
      'GET /api/v1/webhooks/wh_1/deliveries': ({ query }) =>
        query.has('cursor')
          ? good([{ ...aDelivery, id: 'msg_2' }], { next_cursor: null })
          : good([aDelivery], { next_cursor: 1 }),
      'POST /api/v1/webhooks/wh_1/deliveries/msg_1/replay': aDelivery,
      'POST /api/v1/webhooks/wh_1/deliveries/msg_2/replay': aDelivery,
    },
  })
  expect(out).toEqual(['2 will be tried again'])
  expect(requests.filter(({ method }) => method === 'POST')).toHaveLength(2)
})

test('remove says what is gone', async () => {
  const { out } = await cli(['webhooks', 'remove', 'wh_1'], { answers: { 'DELETE /api/v1/webhooks/wh_1': aWebhook } })
  expect(out).toEqual(['wh_1 is removed'])
})
