import { expect, test } from 'vitest'
import { pythonFixed, pythonRound } from './python-numbers.ts'

test.each([
  [2.5 * 0.45, 2, 1.12],
  [12.5 * 0.45, 2, 5.62],
  [(45.5 / 60) * 0.45, 2, 0.34],
  [0.5, 0, 0],
  [1.5, 0, 2],
  [2.5, 0, 2],
  [-2.5, 0, -2],
  [0.125, 2, 0.12],
  [0.375, 2, 0.38],
  [2.675, 2, 2.67],
  [1.005, 2, 1],
  [2.5 / 24, 1, 0.1],
  [0.225, 2, 0.23],
  [0.375, 1, 0.4],
  [0, 2, 0],
  [3, 2, 3],
  [9.995, 2, 9.99],
  [99.9951, 2, 100],
])('round(%d, %d) is %d', (value, digits, rounded) => {
  expect(pythonRound(value, digits)).toBe(rounded)
})

test.each([
  [0.34, 3, '0.340'],
  [45.5, 1, '45.5'],
  [0.25, 1, '0.2'],
  [7, 2, '7.00'],
])('%d with %d decimals is %s', (value, digits, text) => {
  expect(pythonFixed(value, digits)).toBe(text)
})
