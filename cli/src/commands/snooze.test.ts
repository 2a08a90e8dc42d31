import { expect, test } from 'vitest'
import { anId, anInstance } from '../testing/builders.ts'
import { cli, good } from '../testing/fake-world.ts'

const answers = {
  [`GET /api/v1/instances/${anId}`]: () => good(anInstance()),
  [`POST /api/v1/instances/${anId}/snooze`]: () =>
    good(anInstance({ idle_text: 'idle for 25 min, snoozed until 13:55 UTC' })),
}

test('puts the stop off, and says until when', async () => {
  const { exitCode, out, requests } = await cli(['snooze', anId, '90'], { answers })
  expect(exitCode).toBe(0)
  expect(requests.at(-1)?.body).toEqual({ minutes: 90 })
  expect(out).toEqual([`${anId} is not stopped for being idle for 90 min. idle for 25 min, snoozed until 13:55 UTC`])
})

test('takes an hour where nobody says, and refuses what is no number of minutes', async () => {
  expect((await cli(['snooze', anId], { answers })).requests.at(-1)?.body).toEqual({ minutes: 60 })
  expect((await cli(['snooze', anId, 'soon'], { answers })).exitCode).toBe(2)
})

test('show tells of idleness, lease and budget', async () => {
  const shown = anInstance({
    idle_text: 'idle for 12 min, stops in 18',
    lease: { ends_at: '2026-11-21T09:00:00.000Z', ends_in_s: 100, text: 'ends on Saturday 09:00 UTC' },
    budget: {
      limit_usd: '5',
      spent_usd: '0.12',
      left_usd: '4.88',
      action: 'stop',
      forecast: { ends_at: null, text: 'at this rate the budget ends on Tuesday 14:20 UTC' },
    },
  })
  const { out } = await cli(['show', anId], { answers: { [`GET /api/v1/instances/${anId}`]: () => good(shown) } })
  const lines = out.map((line) => line.replace(/ {2,}/g, ' '))
  expect(lines).toContain('idle idle for 12 min, stops in 18')
  expect(lines).toContain('lease ends on Saturday 09:00 UTC')
  expect(lines).toContain('budget $0.12 of $5.00, then stop; at this rate the budget ends on Tuesday 14:20 UTC')
})
