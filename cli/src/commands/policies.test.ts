import { expect, test } from 'vitest'
import { anId, anInstance } from '../testing/builders.ts'
import { cli, good } from '../testing/fake-world.ts'

const lease = { ends_at: '2026-11-21T09:00:00.000Z', ends_in_s: 100, text: 'ends on Saturday 09:00 UTC' }
const answers = {
  [`GET /api/v1/instances/${anId}`]: () => good(anInstance()),
  [`POST /api/v1/instances/${anId}/policies`]: () =>
    good(anInstance({ idle_text: 'idle for 2 min, stops in 28', lease })),
  [`POST /api/v1/instances/${anId}/extend`]: () => good(anInstance({ lease })),
}

test('changes what is named, and takes away what is off', async () => {
  const words = ['--idle-timeout', '30m', '--max-lifetime', 'off', '--budget', '5', '--bid-factor', '1.5']
  const { exitCode, out, requests } = await cli(['policies', anId, ...words], { answers })

  expect(exitCode).toBe(0)
  expect(requests.at(-1)?.body).toEqual({
    idle_timeout_minutes: 30,
    max_lifetime_hours: null,
    budget_usd: '5',
    bid_factor: 1.5,
  })
  expect(out.slice(1)).toEqual(['  idle for 2 min, stops in 28', '  ends on Saturday 09:00 UTC'])
})

test('asks nothing of the server when nothing is named, or what is named is no time', async () => {
  for (const words of [[], ['--idle-timeout', 'soon'], ['--budget', 'all']]) {
    const { exitCode, requests } = await cli(['policies', anId, ...words], { answers })
    expect(exitCode).toBe(2)
    expect(requests).toEqual([])
  }
})

test('lengthens the maximum lifetime', async () => {
  const { exitCode, out, requests } = await cli(['extend', anId, '90m'], { answers })
  expect(exitCode).toBe(0)
  expect(requests.at(-1)?.body).toEqual({ hours: 1.5 })
  expect(out).toEqual([`${anId} ends on Saturday 09:00 UTC.`])
})
