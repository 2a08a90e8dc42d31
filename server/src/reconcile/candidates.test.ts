import { expect, test } from 'vitest'
import { aLaunch } from '../testing/builders.ts'
import { isNeverHealthy } from './candidates.ts'

const launches = (...reasons: (Parameters<typeof aLaunch>[0] & object)['abandonedBecause'][]) =>
  reasons.map((abandonedBecause, at) => aLaunch({ attempt: at + 1, abandonedBecause: abandonedBecause ?? null }))

test('three machines in a row that never pass the health check are not the machines’ fault', () => {
  expect(isNeverHealthy(launches('health_deadline', 'health_deadline'))).toBe(false)
  expect(isNeverHealthy(launches('no_capacity', 'health_deadline', 'health_deadline', 'health_deadline'))).toBe(true)
  expect(isNeverHealthy(launches('health_deadline', 'health_deadline', 'start_failed'))).toBe(false)
})
