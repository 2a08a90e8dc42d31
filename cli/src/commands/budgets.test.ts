import type { Budget } from '@gpufleet/sdk/api'
import { describe, expect, test } from 'vitest'
import { anId, anInstance, at } from '../testing/builders.ts'
import { cli, good } from '../testing/fake-world.ts'

const path = '/api/v1/budgets'
const aBudget = (changes: Partial<Budget> = {}): Budget => ({
  id: 'bud_0000000000000001',
  scope: 'all',
  key: null,
  project: null,
  period: 'month',
  limit_usd: '100',
  action: 'none',
  spent_usd: '12.5',
  held_usd: '0.36',
  left_usd: '87.14',
  spent_percent: 12.5,
  cost_per_hour_usd: '0.36',
  period_ends_at: at(0),
  forecast: { ends_at: at(0), text: 'at this rate the budget ends on Tuesday 14:20 UTC' },
  created_at: at(0),
  ...changes,
})

test('lists what is spent, left, and until when it lasts', async () => {
  const { exitCode, out } = await cli(['budgets'], { answers: { [`GET ${path}`]: [aBudget()] } })
  expect(exitCode).toBe(0)
  expect(out[1]).toContain('everything')
  expect(out[1]).toContain('$12.50 (12.5 %)')
  expect(out[1]).toContain('$87.14')
  expect(out[1]).toContain('at this rate the budget ends on Tuesday 14:20 UTC')
  expect((await cli(['budgets'], { answers: { [`GET ${path}`]: () => good([]) } })).out).toEqual([
    'There are no budgets. Set one with: gpufleet budgets set 100 --all',
  ])
})

describe('budgets set', () => {
  const answers = (...known: Budget[]) => ({
    [`GET ${path}`]: () => good(known),
    [`POST ${path}`]: () => good(aBudget()),
    [`PUT ${path}/bud_0000000000000001`]: () => good(aBudget({ limit_usd: '200' })),
    'GET /api/v1/instances': () => good([anInstance({ label: 'vllm' })], { next_cursor: null }),
    [`GET /api/v1/instances/${anId}`]: () => good(anInstance({ label: 'vllm' })),
  })

  test('makes one', async () => {
    const { exitCode, requests, out } = await cli(['budgets', 'set', '$100', '--all', '--action', 'stop'], {
      answers: answers(),
    })
    expect(exitCode).toBe(0)
    expect(requests.at(-1)).toMatchObject({
      method: 'POST',
      body: { scope: 'all', period: 'month', limit_usd: '100', action: 'stop' },
    })
    expect(out[0]).toContain('everything: $100.00, $12.50 of it spent')
  })

  test('changes the one that there is, rather than to make a second', async () => {
    const { requests } = await cli(['budgets', 'set', '200', '--all'], { answers: answers(aBudget()) })
    expect(requests.at(-1)).toMatchObject({ method: 'PUT', body: { limit_usd: '200' } })
    const other = await cli(['budgets', 'set', '200', '--all', '--period', 'total'], { answers: answers(aBudget()) })
    expect(other.requests.at(-1)).toMatchObject({ method: 'POST' })
  })

  test('finds an instance by its label, and takes labels and projects as they are', async () => {
    const body = async (...args: string[]) =>
      (await cli(['budgets', 'set', '5', ...args], { answers: answers() })).requests.at(-1)?.body
    expect(await body('--instance', 'vllm')).toMatchObject({ scope: 'instance', key: anId })
    expect(await body('--label', 'vllm', '--project', 'blue')).toMatchObject({
      scope: 'label',
      key: 'vllm',
      project: 'blue',
    })
    expect(await body('--project', 'blue')).toMatchObject({ scope: 'project', key: 'blue' })
  })

  test('does not guess whose it is', async () => {
    for (const args of [[], ['--all', '--label', 'x']]) {
      const { exitCode, err } = await cli(['budgets', 'set', '5', ...args], { answers: answers() })
      expect(exitCode).toBe(2)
      expect(err.join('\n')).toContain('--instance, --label, --project, --all')
    }
  })
})

test('budgets remove takes the beginning of an id, if it is one budget', async () => {
  const two = [aBudget(), aBudget({ id: 'bud_0000000000000002' })]
  const answers = {
    [`GET ${path}`]: () => good(two),
    [`DELETE ${path}/bud_0000000000000002`]: () => good({ id: two[1]?.id }),
  }
  expect((await cli(['budgets', 'remove', 'bud_0000000000000002'], { answers })).out).toEqual([
    'Removed everything. What runs goes on.',
  ])
  const unclear = await cli(['budgets', 'remove', 'bud_'], { answers })
  expect(unclear.exitCode).not.toBe(0)
  expect(unclear.err[0]).toContain('could be 2 budgets')
})
