import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shellQuoted } from './shell-quoted.ts'

const throughShell = (text: string) =>
  execFileSync('/bin/sh', ['-c', `printf %s ${shellQuoted(text)}`], { encoding: 'utf8' })

test.each(["'; touch /tmp/x; '", '$(touch /tmp/x)', '`id`', 'a\nb', '\\', '"', '!', ' -n ', ''])(
  '%j stays one word',
  (text) => {
    expect(throughShell(text)).toBe(text)
  },
)

test('any text comes through a real shell as it was', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 50 }), (text) => {
      fc.pre(!text.includes('\0'))
      expect(throughShell(text)).toBe(text)
    }),
    { numRuns: 50 },
  )
})

test('a NUL character is refused', () => {
  expect(() => shellQuoted('a\0b')).toThrow(RangeError)
})
