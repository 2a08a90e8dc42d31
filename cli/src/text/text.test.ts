import { describe, expect, test } from 'vitest'
import { colorsFor, withoutControls } from './colors.ts'
import { greatest, isZero, perHour, rounded, sum, usd } from './money.ts'
import { quoted } from './shell.ts'
import { table } from './table.ts'
import { ago, duration, stopwatch } from './time.ts'
import { listed, sentence } from './words.ts'

describe('money stays exact', () => {
  test.each([
    ['0.313388889', 4, '0.3134'],
    ['0.00005', 4, '0.0001'],
    ['0.000049999', 4, '0.0000'],
    ['0.99995', 4, '1.0000'],
    ['12', 2, '12.00'],
    ['-0.00001', 4, '0.0000'],
    ['-1.005', 2, '-1.01'],
    ['1.5', 0, '2'],
    ['9007199254740993.1', 1, '9007199254740993.1'],
    ['unknown', 4, 'unknown'],
  ])('%s with %i decimals is %s', (amount, decimals, text) => {
    expect(rounded(amount, decimals)).toBe(text)
  })

  test('adds what floats cannot', () => {
    expect(sum(['0.1', '0.2'])).toBe('0.300000000')
    expect(sum(Array.from({ length: 10 }, () => '0.000000001'))).toBe('0.000000010')
    expect(sum([])).toBe('0.000000000')
  })

  test('reads as dollars', () => {
    expect(usd('0.0078')).toBe('$0.0078')
    expect(perHour('-0.5')).toBe('-$0.5000/h')
    expect(isZero('0.000')).toBe(true)
    expect(isZero('0.000000001')).toBe(false)
    expect(greatest(['0.9', '10.1', '2'])).toBe('10.1')
  })
})

test('times read as a person says them', () => {
  const now = Date.parse('2026-11-21T12:00:00Z')
  const before = (seconds: number) => new Date(now - seconds * 1_000).toISOString()

  expect([0, 12, 200, 7_200, 86_400, 5 * 86_400].map((seconds) => ago(before(seconds), now))).toEqual([
    'just now',
    '12 s ago',
    '3 min ago',
    '2 h ago',
    '24 h ago',
    '5 days ago',
  ])
  expect(ago(before(-3_700), now)).toBe('in 1 h')
  expect([45, 60, 90, 7_500, 100_000, 200_000].map((seconds) => duration(seconds * 1_000))).toEqual([
    '45 s',
    '1 min',
    '1 min 30 s',
    '2 h 5 min',
    '1 day 3 h',
    '2 days 7 h',
  ])
  expect(stopwatch(3_723_000)).toBe('62:03')
})

test('what a marketplace writes cannot steer the terminal, but colours pass', () => {
  expect(withoutControls('a\u001b[2Jb\u001b]0;title\u0007c\u009bd\u001b[31mred\u001b[39m\ttab')).toBe(
    'a[2Jb]0;titlecd\u001b[31mred\u001b[39m\ttab',
  )
})

test('no colour without a terminal, or with NO_COLOR', () => {
  expect(colorsFor(true, {}).red('x')).not.toBe('x')
  expect(colorsFor(false, {}).red('x')).toBe('x')
  expect(colorsFor(true, { NO_COLOR: '1' }).red('x')).toBe('x')
})

test('columns align and a row stays one line', () => {
  const lines = table(
    [{ head: 'NAME' }, { head: 'PRICE', align: 'right' }],
    [
      ['a\nb', '$1.0000'],
      ['long name', '$12.0000'],
    ],
    { paint: colorsFor(false, {}), terminal: {} },
  )

  expect(lines).toEqual(['NAME          PRICE', 'a b         $1.0000', 'long name  $12.0000'])
})

test('a narrow terminal loses the last of what it can do without', () => {
  const columns = [{ head: 'ID' }, { head: 'CPU', optional: true }, { head: 'RAM', optional: true }, { head: 'PRICE' }]
  const at = (width: number) =>
    table(columns, [['a', '1', '2', '$3']], { paint: colorsFor(false, {}), terminal: { columns: width } })[0]

  expect([20, 15, 9, 3].map(at)).toEqual(['ID  CPU  RAM  PRICE', 'ID  CPU  PRICE', 'ID  PRICE', 'ID  PRICE'])
})

test('a word for the shell keeps what would be a pipe', () => {
  expect(quoted('vast_123:spot')).toBe('vast_123:spot')
  expect(quoted('lambda_gpu_1x_a100|us-east-1')).toBe("'lambda_gpu_1x_a100|us-east-1'")
  expect(quoted("it's")).toBe("'it'\\''s'")
})

test('words', () => {
  expect(sentence('nothing fits')).toBe('Nothing fits.')
  expect(listed(['a', 'b', 'c'])).toBe('a, b and c')
})
