import { expect, test } from 'vitest'
import { anId, anInstance } from '../testing/builders.ts'
import { cli, good } from '../testing/fake-world.ts'

const answers = {
  [`GET /api/v1/instances/${anId}`]: () => good(anInstance()),
  [`POST /api/v1/instances/${anId}/release`]: () => good(anInstance({ status: 'terminating' })),
}

test('says that a machine is gone, with how that is known', async () => {
  const { exitCode, out, requests } = await cli(['release', anId, '--reason', 'the account is closed'], { answers })
  expect(exitCode).toBe(0)
  expect(requests.at(-1)?.body).toEqual({ confirm: true, reason: 'the account is closed' })
  expect(out).toEqual([`${anId} is released: nobody looks after a machine of it any more.`])
})

test('not without a reason', async () => {
  const { exitCode, requests } = await cli(['release', anId], { answers })
  expect(exitCode).toBe(2)
  expect(requests).toEqual([])
})
