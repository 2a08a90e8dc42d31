import { expect, test } from 'vitest'
import type { Status } from '../instances/status.ts'
import { gpuAdvice, messageFor, wordOf, wordOfMachine } from './words.ts'

const word = (status: Status, providerStatus: string | null = null, because: 'asked' | 'machine_lost' = 'asked') =>
  wordOf({ status, because, launch: { providerStatus } })

test('each status has its word', () => {
  expect(word('launching')).toBe('creating')
  expect(word('starting', 'created (nothing reported), intended running')).toBe('creating')
  expect(word('starting', 'created, intended running')).toBe('creating')
  expect(word('starting', 'loading, intended running')).toBe('loading')
  expect(word('starting', 'rebooting')).toBe('loading')
  expect(word('starting', 'scheduling, intended running')).toBe('scheduling')
  expect(word('starting', 'exited, intended running')).toBe('scheduling')
  expect(word('starting', 'exited, intended stopped')).toBe('loading')
  expect(word('running')).toBe('running')
  expect(word('ready')).toBe('running')
  expect(word('stopping', 'exited, intended stopped')).toBe('running')
  expect(word('stopped', 'exited, intended stopped')).toBe('stopped')
  expect(word('stopped', 'exited, intended running')).toBe('exited')
  expect(word('interrupted', 'exited, intended stopped')).toBe('scheduling')
  expect(word('terminating', 'running')).toBe('running')
  expect(word('terminating', 'exited, intended stopped')).toBe('stopped')
  expect(word('terminated')).toBe('not_found')
  expect(word('failed')).toBe('exited')
  expect(word('failed', null, 'machine_lost')).toBe('not_found')
  expect(wordOf({ status: 'requested', because: 'asked', launch: null })).toBe('creating')
})

test('a machine that is not ours yet has the same words', () => {
  expect(wordOfMachine({ phase: 'pending', providerStatus: 'created (nothing reported)' })).toBe('creating')
  expect(wordOfMachine({ phase: 'pending', providerStatus: 'scheduling' })).toBe('scheduling')
  expect(wordOfMachine({ phase: 'starting', providerStatus: 'loading' })).toBe('loading')
  expect(wordOfMachine({ phase: 'running', providerStatus: 'running' })).toBe('running')
  expect(wordOfMachine({ phase: 'stopped', providerStatus: 'exited, intended stopped' })).toBe('stopped')
  expect(wordOfMachine({ phase: 'failed', providerStatus: 'exited, intended running' })).toBe('exited')
  expect(wordOfMachine({ phase: 'ended', providerStatus: '' })).toBe('not_found')
})

test('says something only when something is wrong', () => {
  const now = 1_000_000
  const facts = { providerMessage: 'OOM', lastSeenAt: now, now }
  expect(messageFor({ ...facts, word: 'running' })).toBeNull()
  expect(messageFor({ ...facts, word: 'loading' })).toBeNull()
  expect(messageFor({ ...facts, word: 'scheduling' })).toBe(gpuAdvice)
  expect(gpuAdvice).toContain('choose another GPU')
  expect(messageFor({ ...facts, word: 'exited' })).toContain('OOM')
  const cameUp = { ...facts, word: 'exited', providerMessage: 'success, running x' } as const
  expect(messageFor(cameUp)).toBe('The instance ended by itself')
  expect(messageFor({ ...facts, word: 'running', lastSeenAt: now - 200_000 })).toContain('does not answer')
})
