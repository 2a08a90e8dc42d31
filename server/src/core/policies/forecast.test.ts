import { expect, test } from 'vitest'
import { nanosFromUsd } from '../money.ts'
import { forecastOf } from './forecast.ts'

const at = Date.UTC(2026, 10, 21, 12) // a Saturday
const spending = (spent: string, perHour: string) => ({
  spent: nanosFromUsd(spent),
  perHour: nanosFromUsd(perHour),
  held: nanosFromUsd('0'),
  heldForLeftovers: nanosFromUsd('0'),
  at,
})
const budget = (limit: string, period: 'total' | 'month' = 'total') => ({ limit: nanosFromUsd(limit), period })

test('names the day and the time at which the money is gone', () => {
  expect(forecastOf(budget('84.1'), spending('9.7666', '1'))).toMatchObject({
    text: 'at this rate the budget ends on Tuesday 14:20 UTC',
  })
  expect(forecastOf(budget('200'), spending('0', '1'))?.text).toBe(
    'at this rate the budget ends on 2026-11-29 20:00 UTC',
  )
})

test('says nothing while nothing is billed', () => {
  expect(forecastOf(budget('10'), spending('5', '0'))).toBeNull()
})

test('ends a month with the month', () => {
  expect(forecastOf(budget('500', 'month'), spending('0', '1'))).toEqual({
    endsAt: null,
    text: 'at this rate the budget lasts until the end of the month',
  })
  expect(forecastOf(budget('100', 'month'), spending('0', '1'))?.endsAt).toBe(at + 100 * 3_600_000)
})

test('says when it is spent', () => {
  expect(forecastOf(budget('5'), spending('5', '1'))).toEqual({ endsAt: at, text: 'the budget is spent' })
})

test('survives a rate that is next to nothing', () => {
  expect(forecastOf(budget('1000000'), spending('0', '0.000000001'))?.endsAt).toBeNull()
})
