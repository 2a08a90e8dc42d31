import { describe, expect, test } from 'vitest'
import { ProviderError } from '../provider.ts'
import { createPaperspaceProvider } from './provider.ts'
import { type Answer, aMarketplace, aPage, json, machineId, notFound, text } from './testing.ts'

/** The fields that the official document demands; values are ours. */
const address = {
  ip: '184.105.3.77',
  region: 'ny2',
  assignedMachineId: machineId,
  dtCreated: '2026-09-30T10:00:00.120Z',
}
const drive = {
  id: 'sd-1',
  name: 'gf-home-models',
  dtCreated: '2026-09-30T10:00:00.120Z',
  size: 250_000_000_000,
  mountPoint: '//10.0.0.4/sd-1',
  username: 'share',
  password: 'share-password-that-must-not-show',
  networkId: 'nvj2xnkj',
  region: 'East Coast (NY2)',
}
const snapshot = { id: 'ss-1', name: 'before the upgrade', machineId, isAutoSnapshot: false }
const template = {
  id: 't0gold',
  name: 'golden image',
  agentType: 'LinuxHeadless',
  operatingSystemLabel: 'Ubuntu 22.04',
  region: 'ca1',
  defaultSizeGb: 50,
  availableMachineTypes: [],
  parentMachineId: machineId,
  dtCreated: '2026-09-30T10:00:00.120Z',
}
const nothing = {
  'GET /public-ips': aPage([]),
  'GET /shared-drives': aPage([]),
  'GET /snapshots': aPage([]),
  'GET /custom-templates': aPage([]),
}

function paperspace(answers: Record<string, Answer | Answer[]>) {
  const marketplace = aMarketplace(answers)
  return { ...marketplace, provider: createPaperspaceProvider(marketplace.deps) }
}

const kindOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'done',
    (error) => (error instanceof ProviderError ? error.kind : error),
  )

test('addresses, drives, snapshots and templates, with the machine where there is one; rates are not told', async () => {
  const { provider } = paperspace({
    'GET /public-ips': aPage([address, { ...address, ip: '184.105.3.78', assignedMachineId: undefined }]),
    'GET /shared-drives': aPage([drive, { ...drive, id: 'gone', dtDeleted: '2026-09-30T11:00:00.000Z' }]),
    'GET /snapshots': aPage([snapshot]),
    'GET /custom-templates': aPage([template, { ...template, id: 'gone', dtDeleted: '2026-09-30T11:00:00.000Z' }]),
  })
  const created = Date.parse('2026-09-30T10:00:00.120Z')
  const bare = { name: null, attachedTo: null, region: null, sizeGb: null, ratePerHour: null, createdAt: null }
  const things = await provider.lookAround()
  expect(things).toEqual([
    {
      ...bare,
      kind: 'static_ip',
      externalId: '184.105.3.77',
      attachedTo: machineId,
      region: 'us-east',
      createdAt: created,
    },
    { ...bare, kind: 'static_ip', externalId: '184.105.3.78', region: 'us-east', createdAt: created },
    {
      ...bare,
      kind: 'file_system',
      externalId: 'sd-1',
      name: 'gf-home-models',
      region: 'us-east',
      sizeGb: 250,
      createdAt: created,
    },
    { ...bare, kind: 'snapshot', externalId: 'ss-1', name: 'before the upgrade', attachedTo: machineId },
    {
      ...bare,
      kind: 'snapshot',
      externalId: 'template:t0gold',
      name: 'golden image',
      region: 'us-west',
      sizeGb: 50,
      createdAt: created,
    },
  ])
  expect(JSON.stringify(things)).not.toContain('must-not-show')
})

describe.each(Object.keys(nothing))('%s', (list) => {
  test('is read over all pages, under the one limit', async () => {
    const rows: Record<string, [object, object]> = {
      'GET /public-ips': [address, { ...address, ip: '184.105.3.78' }],
      'GET /shared-drives': [drive, { ...drive, id: 'sd-2' }],
      'GET /snapshots': [snapshot, { ...snapshot, id: 'ss-2' }],
      'GET /custom-templates': [template, { ...template, id: 't0other' }],
    }
    const [first, second] = rows[list] ?? []
    const pages = [aPage([first], { hasMore: true, nextPage: 'more' }), aPage([second])]
    const { provider, requests } = paperspace({ ...nothing, [list]: pages })
    expect(await provider.lookAround()).toHaveLength(2)
    expect(requests.some(({ url }) => new URL(url).searchParams.get('after') === 'more')).toBe(true)
    for (const { limits } of requests) expect(limits).toMatchObject([{ name: 'paperspace.all' }])
  })

  test.each([
    ['a refused key', json({ message: 'You must be logged in', code: 'UNAUTHORIZED' }, 401), 'unauthorized'],
    ['an error', json({ message: 'oops', code: 'INTERNAL_SERVER_ERROR' }, 500), 'unavailable'],
    ['no list', json({ hasMore: false }), 'unexpected_reply'],
    ['a page too few', aPage([], { hasMore: true }), 'unexpected_reply'],
    ['a wrong path', notFound, 'unexpected_reply'],
    ['a page of something else', text('<html>'), 'unexpected_reply'],
  ])('%s is never an empty list', async (_, answer, kind) => {
    expect(await kindOf(paperspace({ ...nothing, [list]: answer }).provider.lookAround())).toBe(kind)
  })
})

test.each([
  ['static_ip', '184.105.3.77', 'DELETE /public-ips/184.105.3.77'],
  ['static_ip', '2001:db8::1', 'DELETE /public-ips/2001:db8::1'],
  ['file_system', 'sd-1', 'DELETE /shared-drives/sd-1'],
  ['snapshot', 'ss-1', 'DELETE /snapshots/ss-1'],
  ['snapshot', 'template:t0gold', 'DELETE /custom-templates/t0gold'],
] as const)('a %s is ended by its id; an unknown one counts as ended', async (kind, externalId, request) => {
  const { provider, sentTo } = paperspace({ [request]: [json({ id: externalId }), notFound] })
  await provider.endThing({ kind, externalId })
  await provider.endThing({ kind, externalId })
  expect(sentTo()).toEqual([request, request])
  const lost = paperspace({ [request]: json({ message: 'oops', code: 'INTERNAL_SERVER_ERROR' }, 500) })
  expect(await kindOf(lost.provider.endThing({ kind, externalId }))).toBe('outcome_unknown')
})

test('volumes, and ids that are none, are refused without a call; there is no bill to read', async () => {
  const { provider, requests } = paperspace({})
  expect(await kindOf(provider.endThing({ kind: 'volume', externalId: 'x' }))).toBe('rejected')
  for (const externalId of ['', '..', 'template:', 'template:..', '../machines', 'a/b', 'a?b']) {
    expect(await kindOf(provider.endThing({ kind: 'snapshot', externalId }))).toBe('rejected')
  }
  expect(await provider.bill({ from: 0, until: 1 })).toBeNull()
  expect(requests).toEqual([])
})
