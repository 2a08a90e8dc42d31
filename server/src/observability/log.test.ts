import { expect, test } from 'vitest'
import { Secret } from '../core/secret.ts'
import { collectingLog } from './collecting-log.ts'
import { createLog, type LogOptions } from './log.ts'
import { createRedactor } from './redaction.ts'

function setup(options: Partial<LogOptions> = {}) {
  const lines: string[] = []
  const redactor = createRedactor()
  const log = createLog({ clock: { now: () => 0 }, redactor, write: (line) => lines.push(line), ...options })
  return { lines, redactor, log }
}

test('a line is an event with fields, on our clock', () => {
  const { log, lines } = setup()
  log.child({ instanceId: 'inst_1' }).info('instance decided', { status: 'running' })
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'INFO',
    time: '1970-01-01T00:00:00.000Z',
    event: 'instance decided',
    instanceId: 'inst_1',
    status: 'running',
  })
})

test('a readable line is one line', () => {
  const { log, lines } = setup({ format: 'readable' })
  log.warn('launch failed', { provider: 'vast', text: 'two words\nand a line' })
  expect(lines).toEqual(['1970-01-01T00:00:00.000Z WARN  launch failed provider=vast text="two words\\nand a line"\n'])
})

test('no secret gets through, wherever it is: event, field, child, error, name', () => {
  const { log, lines, redactor } = setup()
  redactor.register(new Secret('hidden-1'))
  log.child({ account: 'hidden-1' }).error('trouble with hidden-1', {
    error: new Error('hidden-1'),
    key: new Secret('hidden-2'),
    env: { A: 'hidden-3' },
  })
  expect(lines.join()).not.toMatch(/hidden/)
  expect(lines.join()).toContain('trouble with [secret]')
})

test('writes nothing below its level', () => {
  const { log, lines } = setup({ level: 'warn' })
  log.info('a')
  log.warn('b')
  expect(lines).toHaveLength(1)
})

test('the collecting log keeps what a real one would write', () => {
  const log = collectingLog(createRedactor())
  log.child({ a: 1 }).warn('happened', { token: 'x' })
  expect(log.lines).toEqual([{ level: 'warn', event: 'happened', fields: { a: 1, token: '[secret]' } }])
})
