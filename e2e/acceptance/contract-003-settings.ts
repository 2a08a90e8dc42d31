/** Contract 003: what its environment variables do. */

import { configFrom } from '../../server/src/config/config.ts'
import { type Check, kept, later, superseded } from './check.ts'
import { data, type Row } from './contract-003-kit.ts'
import { expectSame, expectThat, type Lab } from './lab.ts'

const base = { RATE_LIMIT_ENABLED: 'false', DATA_DIR: '/nowhere' }

export const settingsChecks: readonly Check[] = [
  kept(['S003-01', 'S003-45'], async (lab) => {
    const { ports, production, logLevel } = configFrom({})
    expectSame([ports, production, logLevel], [[8080], false, 'info'], 'the defaults')
    const server = lab.server({ PORT: '', ENVIRONMENT: '', LOG_LEVEL: '' })
    const where = await Promise.race([server.url, server.exited.then(() => '')]).catch(() => '')
    // Where another program has it, that is what the refusal names.
    if (where === '') expectThat(/EADDRINUSE.*8080/.test(server.output()), server.output().slice(-300))
    else {
      expectThat(where.endsWith(':8080'), where)
      expectSame((await fetch(`${where}/api/v1/providers`)).status, 200, 'the status')
    }
    const other = lab.server({ PORT: '0', LOG_LEVEL: 'info' })
    const { status } = await fetch(`${await other.url}/api/v1/providers`)
    expectSame(status, 200, 'the status at another port')
    return `without settings: port 8080${where === '' ? ' (taken here; the start says so)' : ', /api/v1/providers 200'}, development, info; PORT chooses another`
  }),
  kept('S003-43', async (lab) => {
    const names = {
      VAST_AI_API_KEY: 'vast_ai',
      RUNPOD_API_KEY: 'runpod',
      LAMBDA_API_KEY: 'lambda_labs',
      PAPERSPACE_API_KEY: 'paperspace',
    }
    for (const [setting, provider] of Object.entries(names)) {
      const world = await lab.world({ providers: [], settings: { [setting]: 'a-key-of-this-check' } })
      const configured = (await data(world, '/api/v1/providers'))
        .filter((one: Row) => one.is_configured)
        .map((one: Row) => one.name)
      expectSame(configured, [provider], setting)
    }
    return `each alone: ${Object.entries(names)
      .map(([setting, provider]) => `${setting} → ${provider}`)
      .join(', ')}`
  }),
  later(
    'S003-44',
    'PostgreSQL; today DATABASE_URL takes sqlite:path, and postgres:// stops the start with that sentence',
  ),
  kept('S003-46', async (lab) => {
    const on = await lab.world({ providers: [], settings: { ENABLE_METRICS: 'true' } })
    const off = await lab.world({ providers: [], settings: { ENABLE_METRICS: 'false' } })
    const [shown, hidden] = [await on.call('GET', '/metrics'), await off.call('GET', '/metrics')]
    expectSame([shown.status, hidden.status], [200, 404], 'the statuses')
    expectThat(/^gpufleet_\w+/m.test(shown.body), 'no figures')
    return `true: 200 with ${shown.body.split('\n').length} lines; false: 404`
  }),
  kept('S003-47', async (lab) => {
    const asks = { origin: 'https://panel.example', 'access-control-request-method': 'GET' }
    const header = async (enabled: 'true' | 'false') => {
      const world = await lab.world({
        providers: [],
        settings: { ENABLE_CORS: enabled, KEYLESS: 'off', CONTROL_API_KEY: 'k'.repeat(32) },
      })
      const reply = await world.application.http.inject({ method: 'OPTIONS', url: '/api/v1/providers', headers: asks })
      return [reply.statusCode, reply.headers['access-control-allow-origin']] as const
    }
    const [on, off] = [await header('true'), await header('false')]
    expectThat([200, 204].includes(on[0]) && on[1] !== undefined, `with it: ${on}`)
    expectSame(off[1], undefined, 'the header without it')
    return `true: OPTIONS ${on[0]}, access-control-allow-origin ${on[1]}; false: no such header`
  }),
  kept(['S003-48', 'R003-07'], async (lab) => {
    const limited = await lab.world({ providers: [], settings: { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_RPM: '100' } })
    const free = await lab.world({ providers: [], settings: { RATE_LIMIT_ENABLED: 'false' } })
    const ask = () => limited.application.http.inject({ url: '/api/v1/gpu-models', headers: { host: '127.0.0.1' } })
    const first = await ask()
    const names = ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset']
    const [limit, remaining, reset] = names.map((name) => Number(first.headers[name]))
    expectSame([limit, remaining], [100, 99], 'limit and remaining')
    const seconds = (reset ?? 0) - limited.clock.now() / 1000
    expectThat(seconds > 0 && seconds <= 60, `reset is ${reset}`)
    for (let call = 2; call <= 100; call += 1) expectSame((await ask()).statusCode, 200, `call ${call}`)
    const refused = await ask()
    expectSame([refused.statusCode, refused.json().success], [429, false], 'call 101')
    for (let call = 1; call <= 110; call += 1) {
      const reply = await free.application.http.inject({ url: '/api/v1/gpu-models', headers: { host: '127.0.0.1' } })
      expectSame(reply.statusCode, 200, `call ${call} without a limit`)
    }
    return 'calls 1 to 100 are 200 with X-RateLimit-Limit/Remaining/Reset, 101 is 429; switched off, 110 calls are 200'
  }),
  kept('R003-06', async (lab) => {
    const key = 'a-control-key-of-this-check-0123456789'
    const world = await lab.world({ providers: [], settings: { KEYLESS: 'off', CONTROL_API_KEY: key } })
    const status = async (headers: Record<string, string>) =>
      (await world.call('GET', '/api/v1/providers', undefined, headers)).status
    const seen = [
      await status({ authorization: `Bearer ${key}` }),
      await status({ authorization: 'Bearer wrong' }),
      await status({}),
    ]
    expectSame(seen, [200, 401, 401], 'the statuses')
    return 'Authorization: Bearer <key> 200; a wrong one 401; none 401'
  }),
  superseded('R003-13', 'a wrong setting that is dropped in silence is found when it is too late', wrongSettings),
]

async function wrongSettings(lab: Lab): Promise<string> {
  const server = lab.server({
    RATE_LIMIT_RPM: 'x',
    DATABASE_URL: 'postgres://user:pass@localhost/db',
    ENABLE_CORS: 'maybe',
  })
  const { code } = await server.exited
  const said = server.output()
  expectSame(code, 2, 'the exit code')
  for (const name of ['RATE_LIMIT_RPM', 'DATABASE_URL', 'ENABLE_CORS', 'PostgreSQL is not supported yet']) {
    expectThat(said.includes(name), `${name} is not named: ${said}`)
  }
  expectThat(!said.includes('user:pass'), 'the password is shown')
  expectSame(configFrom({ ...base }).databaseFile, undefined, 'the default database')
  return 'three wrong settings stop the start (2), each named; postgres:// is told that SQLite is what there is'
}
