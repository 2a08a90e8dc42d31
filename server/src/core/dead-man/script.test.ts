import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hourMs, minuteMs } from '../time.ts'
import { type DeadManOrder, deadManScript } from './script.ts'

const order: DeadManOrder = {
  provider: 'vast',
  apiOrigin: 'https://console.vast.ai',
  checkUrl: 'https://fleet.example.com/api/dead-man/gf-a-b-1.AbC_-9',
  silentMs: hourMs,
}
/** An hour at a poll every five minutes. */
const polls = 12

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dead-man-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

interface Run {
  /** What our server answers, poll by poll; after the last the machine is looked at. '-': nothing. */
  answers: string[]
  environment?: Record<string, string>
  script?: string
}

/** Runs the script under `sh` with a curl and a sleep that only pretend. */
function run({
  answers,
  environment = { CONTAINER_ID: '27453221', CONTAINER_API_KEY: 'one-instance-key' },
  ...more
}: Run) {
  const file = (name: string) => join(folder, name)
  const program = (name: string, text: string) => {
    writeFileSync(file(name), `#!/bin/sh\n${text}`)
    chmodSync(file(name), 0o755)
  }
  writeFileSync(file('answers'), `${answers.join('\n')}\n`)
  for (const name of ['polls', 'calls', 'stdin']) writeFileSync(file(name), '')
  program(
    'curl',
    `case "$*" in
*DELETE*) echo "$*" >> ${file('calls')}; cat >> ${file('stdin')} ;;
*) echo "$*" >> ${file('polls')}; n=$(wc -l < ${file('polls')}); answer=$(sed -n "$n p" ${file('answers')})
[ "$answer" = - ] && exit 22; printf %s "$answer" ;;
esac`,
  )
  // After the last answer the shell that sleeps is ended.
  program(
    'sleep',
    `echo "$1" >> ${file('slept')}; [ "$(wc -l < ${file('polls')})" -lt ${answers.length} ] || kill -9 $PPID`,
  )
  spawnSync('sh', ['-c', `${more.script ?? deadManScript(order)}\nwait`], {
    env: { PATH: `${folder}:/usr/bin:/bin`, HOME: folder, ...environment },
    timeout: 20_000,
  })
  const lines = (name: string) =>
    existsSync(file(name)) ? readFileSync(file(name), 'utf8').split('\n').filter(Boolean) : []
  return { polls: lines('polls'), ends: lines('calls'), stdin: lines('stdin'), slept: lines('slept') }
}
const times = (count: number, answer: string) => Array.from({ length: count }, () => answer)

describe('a machine', () => {
  test('whose server answers goes on, however often it is silent for a while', () => {
    const answers = ['alive', ...times(polls - 1, '-'), 'alive', ...times(polls - 1, '-'), 'alive']
    const { ends, polls: asked, slept } = run({ answers })
    expect(ends).toEqual([])
    expect(asked).toHaveLength(answers.length)
    expect(asked[0]).toContain(order.checkUrl)
    expect(new Set(slept)).toEqual(new Set(['300']))
  })

  test('whose server is silent for long ends itself, with the credential for it alone, and asks again until it is gone', () => {
    const { ends, stdin } = run({ answers: ['alive', ...times(polls + 1, '-')] })
    expect(ends).toHaveLength(2)
    expect(ends[0]).toContain('-X DELETE')
    expect(ends[0]).toContain('https://console.vast.ai/api/v0/instances/27453221/')
    expect(ends.join()).not.toContain('one-instance-key')
    expect(stdin[0]).toBe('header = "Authorization: Bearer one-instance-key"')
  })

  test('that hears anything but the word counts it as silence', () => {
    const answers = ['alive', ...times(polls, '<html>Sign in to this network</html>')]
    expect(run({ answers }).ends).toHaveLength(1)
  })

  test('that has never heard us ends nothing: the address may be wrong', () => {
    expect(run({ answers: times(3 * polls, '-') }).ends).toEqual([])
  })

  test('remembers over a restart that it has heard us', () => {
    run({ answers: ['alive'] })
    expect(run({ answers: times(polls, '-') }).ends).toHaveLength(1)
  })

  test.each([
    ['without an id', { CONTAINER_API_KEY: 'key' }],
    ['without a credential', { CONTAINER_ID: '27453221' }],
    ['with an id that is none', { CONTAINER_ID: '1/../2', CONTAINER_API_KEY: 'key' }],
  ])('%s asks nobody anything', (_what, environment) => {
    expect(run({ answers: ['alive', ...times(polls, '-')], environment }).polls).toEqual([])
  })
})

test('the user’s own script after it runs at once, and keeps its exit code', () => {
  const text = `${deadManScript(order)}\necho mine; exit 7`
  const { status, stdout } = spawnSync('sh', ['-c', text], {
    env: { PATH: '/usr/bin:/bin' },
    encoding: 'utf8',
    timeout: 20_000,
  })
  expect({ status, stdout }).toEqual({ status: 7, stdout: 'mine\n' })
})

test('polls are as far apart as the time allows', () => {
  expect(deadManScript({ ...order, silentMs: 8 * minuteMs })).toContain('sleep 120')
  expect(deadManScript({ ...order, silentMs: 48 * hourMs })).toContain('sleep 300')
})

test('it is small, and a shell can read it', () => {
  const text = deadManScript(order)
  expect(text.length).toBeLessThan(1_400)
  execFileSync('sh', ['-n', '-c', text])
})

test.each(["https://x'$(id)", 'https://x/;reboot', 'https://x/\nreboot', 'ftp://x', 'https://x/a b', 'https://x/`id`'])(
  'an address that a shell would read is refused: %j',
  (address) => {
    expect(() => deadManScript({ ...order, checkUrl: address })).toThrow(RangeError)
    expect(() => deadManScript({ ...order, apiOrigin: address })).toThrow(RangeError)
  },
)

test('there is none where a machine cannot end itself', () => {
  expect(() => deadManScript({ ...order, provider: 'lambda' })).toThrow(RangeError)
})
