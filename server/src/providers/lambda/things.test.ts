import { expect, test } from 'vitest'
import { ProviderError } from '../provider.ts'
import { createLambdaProvider } from './provider.ts'
import { aMarketplace, anInstance, instanceId, json, refused, text } from './testing.ts'

/** The fields that the official document demands, and `bytes_used`; values are ours. */
const fileSystem = {
  id: '398578a2336b49079e74043f0bd2cfe8',
  name: 'gf-home-models',
  mount_point: '/lambda/nfs/gf-home-models',
  created: '2026-11-20T09:14:02.000Z',
  created_by: { id: 'u', email: 'ops@example.com', status: 'active' },
  is_in_use: false,
  region: { name: 'us-east-1', description: 'Virginia, USA' },
  bytes_used: 12_500_000_000,
}
const list = (...rows: unknown[]) => json({ data: rows })

function aProvider(...answers: Parameters<typeof aMarketplace>) {
  const marketplace = aMarketplace(...answers)
  return { ...marketplace, lambda: createLambdaProvider(marketplace.deps) }
}

const kindOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'done',
    (error) => (error instanceof ProviderError ? error.kind : error),
  )

test('a file system bills on without a machine; what it costs is not told', async () => {
  const { lambda, requests } = aProvider(list(fileSystem))
  expect(await lambda.lookAround()).toEqual([
    {
      kind: 'file_system',
      externalId: '398578a2336b49079e74043f0bd2cfe8',
      name: 'gf-home-models',
      attachedTo: null,
      region: 'us-east',
      sizeGb: 12.5,
      ratePerHour: null,
      createdAt: Date.parse('2026-11-20T09:14:02Z'),
    },
  ])
  expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET https://lambda.test/api/v1/file-systems'])
  expect(requests[0]?.limits).toMatchObject([{ name: 'all' }])
})

test('one in use is told with the machine of its own region that mounts it', async () => {
  const used = { ...fileSystem, is_in_use: true }
  const elsewhere = anInstance({ id: 'elsewhere', region: { name: 'us-west-1' }, file_system_names: [used.name] })
  const here = anInstance({ region: { name: 'us-east-1' }, file_system_names: ['other', used.name] })
  const { lambda } = aProvider(list(used), list(elsewhere, here))
  expect(await lambda.lookAround()).toMatchObject([{ attachedTo: instanceId }])
})

test.each([
  ['a refused key', refused('global/invalid-api-key', 401), 'unauthorized'],
  ['an error', refused('global/internal-error', 500), 'unavailable'],
  ['no list', json({ data: null }), 'unexpected_reply'],
  ['a row without a name', list({ ...fileSystem, name: undefined }), 'unexpected_reply'],
  ['a page', text('<html>'), 'unexpected_reply'],
])('%s is never an empty list', async (_, answer, kind) => {
  expect(await kindOf(aProvider(answer).lambda.lookAround())).toBe(kind)
})

test('is ended by its id; an unknown one counts as ended, one in use does not', async () => {
  const { lambda, requests } = aProvider(
    json({ data: { deleted_ids: [fileSystem.id] } }),
    refused('global/object-does-not-exist', 404),
    refused('filesystems/filesystem-in-use', 400),
    refused('global/not-found', 404),
  )
  const end = () => kindOf(lambda.endThing({ kind: 'file_system', externalId: fileSystem.id }))
  expect([await end(), await end(), await end(), await end()]).toEqual(['done', 'done', 'not_now', 'unexpected_reply'])
  expect(requests[0]).toMatchObject({
    method: 'DELETE',
    url: `https://lambda.test/api/v1/filesystems/${fileSystem.id}`,
  })
})

test('other kinds, and ids that are none, are refused without a call; there is no bill to read', async () => {
  const { lambda, requests } = aProvider(json({ data: {} }))
  expect(await kindOf(lambda.endThing({ kind: 'volume', externalId: 'x' }))).toBe('rejected')
  expect(await kindOf(lambda.endThing({ kind: 'file_system', externalId: '../instances' }))).toBe('rejected')
  expect(await lambda.bill({ from: 0, until: 1 })).toBeNull()
  expect(requests).toEqual([])
})
