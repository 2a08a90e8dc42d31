import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Session } from '../../core/infra-vast/sessions.ts'
import { nanosFromUsd } from '../../core/money.ts'
import { hourMs } from '../../core/time.ts'
import { collectingLog } from '../../observability/collecting-log.ts'
import { type TestStores, testStores } from '../../testing/database.ts'
import { virtualClock } from '../../testing/virtual-clock.ts'
import { mirrorInfraVast } from './mirror-infra-vast.ts'

let stores: TestStores
let folder: string
const clock = virtualClock()
const log = collectingLog()
const start = clock.now() - 5 * hourMs
const ended: Session = { startedAt: start, endedAt: start + 2.5 * hourMs, ratePerHour: nanosFromUsd('0.45') }
beforeEach(async () => {
  stores = await testStores()
  folder = mkdtempSync(join(tmpdir(), 'gpufleet-'))
  log.lines.length = 0
})
afterEach(async () => {
  await stores.close()
  rmSync(folder, { recursive: true })
})

const mirror = (statePath: string | undefined, auditPath: string | undefined, sessions: Session[] = [ended]) =>
  mirrorInfraVast(
    { machineId: '12345', statePath, auditPath },
    { ...stores, sessions: async () => sessions, clock, log },
  )
const happens = (event: string) =>
  stores.events.record([
    {
      at: clock.now(),
      instanceId: null,
      kind: 'power',
      status: null,
      because: null,
      message: event,
      data: { event, meta: { instance_id: 12345 } },
    },
  ])

test('the state file says what has ended, and is for its owner alone', async () => {
  const file = join(folder, 'vast_state.json')
  await stores.infraVastState.put({ lastActivityAt: clock.now() })
  await mirror(file, undefined).run()
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
    instance_id: 12345,
    last_activity: '2026-10-01T12:00:00Z',
    session_started_at: null,
    total_runtime_hours: 2.5,
    total_cost_usd: 1.12,
    sessions: [
      { started_at: '2026-10-01T07:00:00Z', ended_at: '2026-10-01T09:30:00Z', runtime_minutes: 150, cost_usd: 1.12 },
    ],
  })
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('each entry becomes one line, also over a restart', async () => {
  const file = join(folder, 'vast_audit.log')
  const events = () =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).event)
  await happens('power_on_requested')
  await happens('power_on_complete')
  const first = mirror(undefined, file)
  await first.run()
  await first.run()
  await happens('power_off_requested')
  await mirror(undefined, file).run()
  expect(events()).toEqual(['power_on_requested', 'power_on_complete', 'power_off_requested'])
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a file that cannot be written is said once, and loses nothing', async () => {
  const nowhere = join(folder, 'missing', 'vast_audit.log')
  await happens('power_on_requested')
  const task = mirror(undefined, nowhere)
  await task.run()
  await task.run()
  expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
  const file = join(folder, 'vast_audit.log')
  await mirror(undefined, file).run()
  expect(readFileSync(file, 'utf8')).toContain('power_on_requested')
})
