import { afterEach, beforeEach, expect, test } from 'vitest'
import { builtInTemplate } from '../core/templates/built-in.ts'
import type { Template } from '../core/templates/template.ts'
import { type TestStores, testStores } from '../testing/database.ts'
import type { NewEvent } from './events.ts'

let stores: TestStores
beforeEach(async () => {
  stores = await testStores()
})
afterEach(() => stores.close())

function aVersion(version: number, template: Template | null, name = 'mine') {
  return { name, version, template, origin: 'user' as const, createdAt: version, createdBy: 'me' }
}

const event: NewEvent = {
  at: 1,
  instanceId: null,
  kind: 'changed',
  status: null,
  because: null,
  message: 'template mine was changed',
  data: {},
  actor: 'me',
}

test('every version stays, and the newest of each counts', async () => {
  const budget = builtInTemplate('budget')?.template as Template
  const mine = { ...budget, name: 'mine' }
  await stores.templates.add(aVersion(1, mine), event)
  await stores.templates.add(aVersion(2, { ...mine, diskGb: 99 }), event)
  await stores.templates.add(aVersion(1, { ...budget, name: 'other' }, 'other'), event)
  await stores.templates.add(aVersion(3, null), event)

  expect(await stores.templates.versions('mine')).toEqual([
    aVersion(3, null),
    aVersion(2, { ...mine, diskGb: 99 }),
    aVersion(1, mine),
  ])
  expect((await stores.templates.newest()).map(({ name, version }) => [name, version])).toEqual([
    ['mine', 3],
    ['other', 1],
  ])
  expect(await stores.templates.versions('nothing')).toEqual([])
})

test('of two who write the same version one is told, and its event is not written', async () => {
  expect(await stores.templates.add(aVersion(1, null), event)).toBe(true)
  expect(await stores.templates.add(aVersion(1, null), event)).toBe(false)
  expect(await stores.events.list({ limit: 10 })).toHaveLength(1)
})
