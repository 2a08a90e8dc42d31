import { expect, test } from 'vitest'
import { mutated } from './plant.ts'
import { differenceOf, reportOf } from './report.ts'
import { runProgram } from './seeds-hold.ts'
import { createTimeline } from './timeline.ts'

test('one seed is one run: the same lines both times', { timeout: 300_000 }, async () => {
  const { code, output } = await runProgram('main.ts', ['--from', '300', '--seeds', '12', '--twice', '--jobs', '1'])
  expect(output).toContain('12 seeds from 300: all hold')
  expect(code).toBe(0)
})

test('a broken seed shows its last lines and how to replay it', () => {
  const lines = Array.from({ length: 100 }, (_, number) => `line ${number}`)
  const report = reportOf({ seed: 123, broken: 'Error: oneMachineForOneAttempt: …', differs: null, lines })
  expect(report).toMatch(/^line 60\n/)
  expect(report).toContain('npm run simulate -- --seed 123 --trace')
  const differs = differenceOf(['a', 'b', 'c'], ['a', 'b', 'd'])
  expect(reportOf({ seed: 5, broken: null, differs, lines })).toBe(
    'seed 5 ran differently the second time:\n--- first\na\nb\nc\n--- second\na\nb\nd',
  )
})

test('a mutation whose text is not where it should be is an error', () => {
  const mutation = { name: 'm', caughtBy: [], file: 'f.ts', replace: [['found', 'planted']] as const, tilt: {} }
  expect(mutated('it is found here', mutation)).toBe('it is planted here')
  expect(() => mutated('it is not', mutation)).toThrow('f.ts holds 0 times: found')
  expect(() => mutated('found and found', mutation)).toThrow('holds 2 times')
})

test('what stands on the timeline happens in order, and not when it was called off', async () => {
  const timeline = createTimeline(0)
  const happened: string[] = []
  for (const [at, what] of [
    [30, 'late'],
    [10, 'first'],
    [10, 'second'],
    [20, 'never'],
  ] as const) {
    const callOff = timeline.at(at, () => happened.push(`${what} at ${timeline.now()}`))
    if (what === 'never') callOff()
  }
  void timeline.sleep(15).then(() => happened.push(`woken at ${timeline.now()}`))
  while (await timeline.step(25)) {}
  expect(happened).toEqual(['first at 10', 'second at 10', 'woken at 15'])
  timeline.skip(100)
  while (await timeline.step(200)) {}
  expect(happened.at(-1)).toBe('late at 125')
})
