import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import type { ServerProcess } from '../kit/server-process.ts'
import type { Reply } from '../world.ts'
import { type Check, kept } from './check.ts'
import { controlKey, rentByHand } from './contract-001-machine.ts'
import { expectSame, expectThat } from './lab.ts'

async function ask(server: ServerProcess, method: string, path: string, key = controlKey) {
  const reply = await fetch(`${await server.url}/infra/vast${path}`, { method, headers: { 'x-api-key': key } })
  return { status: reply.status, body: (await reply.json()) as Reply['body'] }
}

async function facts(server: ServerProcess, key = controlKey) {
  const costs = await ask(server, 'GET', '/costs', key)
  const audit = await ask(server, 'GET', '/audit', key)
  const { last_activity } = (await ask(server, 'GET', '/status', key)).body
  return { costs: costs.body, audit: audit.body, last_activity }
}

export const processChecks: readonly Check[] = [
  kept(['S001-58', 'S001-62', 'S001-63', 'S001-64'], async (lab) => {
    const markets = await lab.markets({ providers: ['vast'] })
    const id = rentByHand(markets.simulators.vast, 100, markets.settings.VAST_API_KEY)
    const folder = lab.folder()
    const [statePath, auditPath, envFile] = ['vast_state.json', 'vast_audit.log', '.env'].map((name) =>
      join(folder, name),
    ) as [string, string, string]
    const settings = (key: string) => ({
      ...markets.settings,
      VAST_INSTANCE_ID: String(id),
      CONTROL_API_KEY: key,
      VAST_STATE_PATH: statePath,
      VAST_AUDIT_PATH: auditPath,
      DATA_DIR: folder,
    })
    const begin = (key: string) => {
      const lines = Object.entries(settings(key)).map(([name, value]) => `${name}=${value}\n`)
      writeFileSync(envFile, lines.join(''), { mode: 0o600 })
      // Nothing but where the file is.
      return lab.server({ ENV_FILE: envFile, DATA_DIR: folder })
    }

    const first = begin(controlKey)
    for (let tries = 60; (await ask(first, 'GET', '/status')).body.auto_shutdown_in_minutes === null; tries -= 1) {
      expectThat(tries > 0, 'the machine did not come up')
      await after(500)
    }
    await after(1_500)
    expectSame((await ask(first, 'POST', '/power/off')).status, 200, 'power/off')
    expectSame((await ask(first, 'POST', '/activity')).status, 200, 'activity')
    const before = await facts(first)
    expectSame([before.costs.sessions_count, before.audit.length], [1, 3], 'sessions and audit entries')
    // The files follow within five seconds.
    await after(6_500)
    first.signal('SIGTERM')
    await first.exited

    const other = 'another-control-key-here'
    const second = begin(other)
    expectSame(await facts(second, other), before, 'what is known after the restart')
    expectSame((await ask(second, 'GET', '/status')).status, 401, 'the old key after the change')

    const state = JSON.parse(readFileSync(statePath, 'utf8'))
    expectSame(
      [state.last_activity, state.sessions.length, state.total_cost_usd],
      [before.last_activity, 1, before.costs.total_cost_usd],
      'the state file',
    )
    const lines = readFileSync(auditPath, 'utf8').trim().split('\n')
    expectSame(lines.map((line) => JSON.parse(line)).toReversed(), before.audit, 'the audit file')
    for (const file of [statePath, auditPath]) {
      expectThat((statSync(file).mode & 0o777) === 0o600, `${file} can be read by others`)
    }
    return 'settings from .env alone; after a restart the same costs, last_activity and audit, also in both files (0600); with another CONTROL_API_KEY the old one is 401'
  }),

  kept('S001-57', async (lab) => {
    const server = lab.server({ VAST_INSTANCE_ID: 'my-machine' })
    const { code } = await server.exited
    expectSame(code, 2, 'the exit status')
    const line = server.output().match(/VAST_INSTANCE_ID .*/)?.[0]
    expectThat(line !== undefined, `it says ${server.output()}`)
    return `VAST_INSTANCE_ID=my-machine: the start ends with status 2, "${line}"`
  }),
]
