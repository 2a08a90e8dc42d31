import { describe, expect, test } from 'vitest'
import { OutboundError } from '../../outbound/outbound.ts'
import { ProviderError } from '../provider.ts'
import { createPaperspaceClient } from './client.ts'
import bodies from './fixtures/errors.json' with { type: 'json' }
import { machineBodyFromOrder, scriptBodyFromOrder } from './launch-body.ts'
import {
  aMachine,
  aMarketplace,
  anEvent,
  anOrder,
  aPage,
  apiKey,
  fitsOf,
  json,
  machineId,
  notFound,
  text,
} from './testing.ts'

const machineBody = machineBodyFromOrder(anOrder(), fitsOf('A4000'), 's9k2hq1z')
const created = json({ event: anEvent('createNew'), data: aMachine({ state: 'provisioning' }) })

async function failureOf(work: Promise<unknown>): Promise<ProviderError> {
  const error = await work.then(
    () => undefined,
    (thrown) => thrown,
  )
  if (!(error instanceof ProviderError)) throw new Error(`no ProviderError but ${error}`)
  return error
}

test('every call carries the key as a bearer and passes the one limit', async () => {
  const { deps, requests } = aMarketplace({ 'GET /machine-availability': json({ available: true }) })

  expect(await createPaperspaceClient(deps).isAvailable('GPU+', 'ny2')).toBe(true)
  expect(requests[0]).toMatchObject({
    method: 'GET',
    url: 'https://paperspace.test/v1/machine-availability?machineType=GPU%2B&region=ny2',
    headers: { authorization: `Bearer ${apiKey}` },
    limits: [{ name: 'paperspace.all', calls: 3, windowMs: 1000, burst: 5 }],
    repeat: 'safe',
  })
})

test.each(['start', 'stop', 'restart'] as const)('%s sends an empty object, once', async (action) => {
  const { deps, requests } = aMarketplace({
    [`PATCH /machines/${machineId}/${action}`]: json({ event: anEvent('startDone'), data: aMachine() }),
  })

  expect(await createPaperspaceClient(deps)[action](machineId)).toMatchObject({ kind: 'accepted' })
  expect(requests[0]).toMatchObject({ method: 'PATCH', json: {}, repeat: 'once' })
})

test('a create is sent once, and its body holds only fields that Paperspace knows', async () => {
  const { deps, requests } = aMarketplace({ 'POST /machines': created })

  expect((await createPaperspaceClient(deps).launch(machineBody)).data.id).toBe(machineId)
  expect(requests[0]).toMatchObject({ method: 'POST', repeat: 'once' })
  expect(requests[0]?.json).toEqual({
    name: 'gf-home-inst_7d0c1a-1',
    machineType: 'A4000',
    templateId: 't0nspur5',
    diskSize: 50,
    region: 'ny2',
    publicIpType: 'dynamic',
    startOnCreate: true,
    startupScriptId: 's9k2hq1z',
    emailPassword: false,
  })
})

describe('a list', () => {
  const first = aPage([aMachine()], { hasMore: true, nextPage: 'cHNrOGQ' })

  test('goes on until there is no more, and the cursor may be missing on the last page', async () => {
    const { deps, requests } = aMarketplace({ 'GET /machines': [first, aPage([aMachine({ id: 'ps2' })])] })

    expect((await createPaperspaceClient(deps).machines()).map(({ id }) => id)).toEqual([machineId, 'ps2'])
    expect(requests.map(({ url }) => new URL(url).searchParams.get('after'))).toEqual([null, 'cHNrOGQ'])
  })

  test('an empty account is an empty list', async () => {
    const { deps } = aMarketplace({ 'GET /machines': aPage([]) })

    expect(await createPaperspaceClient(deps).machines()).toEqual([])
  })

  test.each([
    ['more without a cursor', [aPage([], { hasMore: true })]],
    ['the same page again', [first, first]],
    ['no items', [json({ hasMore: false })]],
    ['no word about more', [json({ items: [] })]],
    ['a bare array', [json([])]],
    ['a page of something else', [text('<html>')]],
    ['an unreadable row', [aPage([aMachine(), { id: 'ps2' }])]],
    ['a 410', [json({ message: 'Gone', code: 'GONE' }, 410)]],
    ['their 404', [notFound]],
  ])('is an error and never a shorter fleet: %s', async (_, answers) => {
    const { deps } = aMarketplace({ 'GET /machines': answers })

    const { kind } = await failureOf(createPaperspaceClient(deps).machines())
    expect(['unexpected_reply', 'rejected']).toContain(kind)
  })

  test('a bad key is a bad key', async () => {
    const { deps } = aMarketplace({ 'GET /machines': json(bodies.badKey, 401) })

    expect((await failureOf(createPaperspaceClient(deps).machines())).kind).toBe('unauthorized')
  })
})

test('a machine is gone with their own 404 only', async () => {
  const gone = createPaperspaceClient(aMarketplace({ [`GET /machines/${machineId}`]: notFound }).deps)
  const page = createPaperspaceClient(aMarketplace({ [`GET /machines/${machineId}`]: text('<html>', 404) }).deps)

  expect(await gone.one(machineId)).toBeNull()
  expect((await failureOf(page.one(machineId))).kind).toBe('unexpected_reply')
})

test('a 200 with null is a bad key', async () => {
  const { deps, answers } = aMarketplace({ 'GET /auth/session': json(null) })

  expect((await failureOf(createPaperspaceClient(deps).checkKey())).kind).toBe('unauthorized')
  answers['GET /auth/session'] = json({ user: { id: 'u1' }, team: { id: 't1', maxMachines: 5 } })
  await createPaperspaceClient(deps).checkKey()
})

test('a create whose reply is lost or unreadable has an unknown outcome', async () => {
  for (const answer of [
    new OutboundError('timeout', 'no answer'),
    new OutboundError('network', 'broken'),
    json({ message: 'x', code: 'INTERNAL_SERVER_ERROR' }, 500),
    text('', 200),
    json({}),
  ]) {
    const { deps } = aMarketplace({ 'POST /machines': answer })
    expect((await failureOf(createPaperspaceClient(deps).launch(machineBody))).kind).toBe('outcome_unknown')
  }
})

test('no message holds a key, or a word of a start script', async () => {
  const body = scriptBodyFromOrder(anOrder())
  const echo = json({ message: `Bad script: ${body.script} hf_very_secret`, code: 'BAD_REQUEST' }, 400)
  const { deps } = aMarketplace({ 'POST /startup-scripts': echo })

  const error = await failureOf(createPaperspaceClient(deps).createScript(body))
  expect(error.kind).toBe('rejected')
  expect(error.message).toBe('Paperspace createScript: HTTP 400, BAD_REQUEST')
  expect(error.message).not.toContain(apiKey)
})

test('a machine in transition answers with what it is doing', async () => {
  const { deps } = aMarketplace({ [`PATCH /machines/${machineId}/stop`]: json(bodies.busy, 400) })

  expect(await createPaperspaceClient(deps).stop(machineId)).toMatchObject({ kind: 'busy', word: 'starting' })
})
