import { expect, test } from 'vitest'
import { aLaunch, anInstance } from '../../testing/builders.ts'
import { statuses } from '../instances/status.ts'
import { novitaStatusOf } from './status.ts'

const wordFor = (status: (typeof statuses)[number], readyAt: number | null, launch = aLaunch()) =>
  novitaStatusOf(anInstance({ status, launch }), { readyAt, outcome: null })

test('each status has its word, before it was ever ready', () => {
  expect(Object.fromEntries(statuses.map((status) => [status, wordFor(status, null)]))).toEqual({
    requested: 'creating',
    launching: 'creating',
    starting: 'starting',
    running: 'starting',
    ready: 'running',
    interrupted: 'starting',
    stopping: 'starting',
    stopped: 'stopped',
    terminating: 'starting',
    terminated: 'terminated',
    failed: 'failed',
  })
})

test('what is on its way down keeps the word that it had', () => {
  expect([wordFor('stopping', 1), wordFor('terminating', 1)]).toEqual(['running', 'running'])
  expect(novitaStatusOf(anInstance({ status: 'terminating', launch: null }), { readyAt: null, outcome: null })).toBe(
    'creating',
  )
})

test('what came up too late has failed, whatever becomes of its machine', () => {
  for (const status of statuses) {
    expect(novitaStatusOf(anInstance({ status }), { readyAt: null, outcome: 'timeout' })).toBe('failed')
  }
})
