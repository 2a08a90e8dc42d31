/** Contract 002: the program itself, as a process. */

import { setTimeout as wait } from 'node:timers/promises'
import { configFrom } from '../../server/src/config/config.ts'
import { type Check, kept } from './check.ts'
import { aPort, minimal } from './contract-002-kit.ts'
import { expectSame, expectThat, type Lab } from './lab.ts'

const apiKey = 'a-novita-key-that-nobody-shows'

export const programChecks: readonly Check[] = [
  kept('S002-01', async (lab) => {
    const server = lab.server({
      PROFILE: 'novita',
      NOVITA_API_KEY: apiKey,
      NOVITA_API_BASE_URL: await nowhere(lab),
      PORT: '',
    })
    const said = await server.line(/listening on http|EADDRINUSE/)
    expectThat(/:3000\b/.test(said), `it says ${said}`)
    if (said.includes('EADDRINUSE')) return 'without PORT it takes 3000, which another program has on this machine'
    expectThat((await fetch('http://localhost:3000/health')).status < 600, '/health is not answered')
    return 'with PROFILE=novita and no PORT, curl http://localhost:3000/health is answered'
  }),

  kept('S002-02', async (lab) => {
    const port = await aPort(lab)
    const server = lab.server({
      PROFILE: 'novita',
      NOVITA_API_KEY: apiKey,
      NOVITA_API_BASE_URL: await nowhere(lab),
      PORT: String(port),
    })
    expectSame(await server.url, `http://127.0.0.1:${port}`, 'where it listens')
    expectThat((await fetch(`http://127.0.0.1:${port}/health`)).ok, '/health is not answered')
    return 'with PORT it listens there and nowhere else, and answers /health'
  }),

  kept('S002-21', async (lab) => {
    const server = lab.server({ PROFILE: 'novita' })
    const { code } = await server.exited
    expectThat(code !== 0, `it ends with ${code}`)
    expectThat(/NOVITA_API_KEY is required/.test(server.output()), `it says ${server.output()}`)
    return `without NOVITA_API_KEY it ends with ${code}: NOVITA_API_KEY is required with PROFILE=novita`
  }),

  kept('S002-22', async (lab) => {
    const server = lab.server({
      NODE_ENV: 'production',
      NOVITA_API_KEY: apiKey,
      NOVITA_API_BASE_URL: await nowhere(lab),
    })
    const { debug } = (await (await fetch(`${await server.url}/health`)).json()) as { debug?: unknown }
    expectSame(debug, undefined, 'what /health tells for debugging in production')
    const { code } = await lab.server({ NODE_ENV: 'holiday' }).exited
    expectThat(code !== 0, 'NODE_ENV=holiday is taken')
    expectSame(configFrom({ NODE_ENV: 'production' }).production, true, 'production')
    return 'NODE_ENV=production starts, and /health leaves its debug part out; NODE_ENV=holiday does not start'
  }),

  kept(['S002-26', 'S002-27', 'S002-28', 'R002-19'], async (lab) => {
    const levelsOf = async (level: string) => {
      const markets = await lab.markets({ providers: ['novita'], speed: 60 })
      markets.order('novita', 'special/chances', { calm: true })
      const key = markets.settings.NOVITA_API_KEY ?? ''
      const server = lab.server({
        ...markets.settings,
        PROFILE: 'novita',
        INSTANCE_POLL_INTERVAL: '5000',
        LOG_LEVEL: level,
        LOG_FORMAT: 'json',
        WEBHOOK_SECRET: 'a-webhook-secret',
        WEBHOOK_ALLOW_PRIVATE: 'true',
      })
      const url = await server.url
      // Nobody is there: an error that has to be found in the log.
      const webhookUrl = `http://127.0.0.1:${await aPort(lab)}/hook?token=in-the-address`
      const reply = await fetch(`${url}/api/instances`, {
        method: 'POST',
        body: JSON.stringify({ ...minimal, templateId: '101', webhookUrl }),
      })
      expectSame(reply.status, 201, `the creation (${await reply.clone().text()})`)
      expectSame(
        [reply.headers.get('x-content-type-options'), reply.headers.get('x-frame-options')],
        ['nosniff', 'DENY'],
        'the security headers',
      )
      await server.line(/webhook not delivered/, 90_000)
      server.signal('SIGTERM')
      await server.exited
      const lines = server
        .output()
        .split('\n')
        .filter((line) => line !== '')
      const levels = lines.map((line) => (JSON.parse(line) as { level: string }).level)
      for (const shy of [key, 'a-webhook-secret', 'in-the-address']) {
        expectThat(!server.output().includes(shy), 'a secret is in the log')
      }
      expectThat(
        lines.some((line) => /ERROR/.test(line) && /webhook not delivered/.test(line)),
        'grep ERROR finds nothing',
      )
      return levels
    }
    const [plain, verbose] = await Promise.all([levelsOf('info'), levelsOf('debug')])
    expectThat(!plain.includes('DEBUG') && verbose.includes('DEBUG'), 'debug shows nothing more')
    return `${plain.length + verbose.length} lines, each JSON; grep ERROR finds the webhook that failed; debug adds ${verbose.filter((one) => one === 'DEBUG').length} lines; no secret in any; nosniff, frame deny`
  }),

  kept('S002-37', async (lab) => {
    const originOf = async (settings: Record<string, string>) => {
      const world = await lab.world({ providers: ['novita'], settings })
      const headers = { origin: 'https://app.example.com' }
      const { headers: answered } = await world.call('GET', '/health', undefined, headers)
      return answered['access-control-allow-origin'] ?? null
    }
    expectSame(await originOf({}), 'https://app.example.com', 'Access-Control-Allow-Origin')
    expectSame(await originOf({ ENABLE_CORS: 'false' }), null, 'Access-Control-Allow-Origin with ENABLE_CORS=false')
    return 'a page of https://app.example.com may read answers; with ENABLE_CORS=false it may not'
  }),

  kept('S002-38', async (lab) => {
    const markets = await lab.markets({ providers: ['novita'] })
    markets.order('novita', 'faults', { kind: 'late', path: '/products', delayMs: 2_000 })
    const server = lab.server({ ...markets.settings, PROFILE: 'novita' })
    const url = await server.url
    const asked = fetch(`${url}/api/instances`, { method: 'POST', body: JSON.stringify(minimal) })
    await wait(500)
    server.signal('SIGTERM')
    const { status } = await asked
    const { code } = await server.exited
    expectSame([status, code], [201, 0], 'the answer and the exit code')
    return 'SIGTERM while a creation waits for Novita: it is answered 201, then the server ends with 0'
  }),

  kept('S002-44', async (lab) => {
    const port = await aPort(lab, { hold: true })
    const server = lab.server({ PORT: String(port) })
    const { code } = await server.exited
    expectThat(code !== 0, `it ends with ${code}`)
    const said = /Another program has this port.*/.exec(server.output())?.[0]
    expectThat(said !== undefined && server.output().includes(String(port)), `it says ${server.output()}`)
    return `a taken port: ends with ${code}: ${said}`
  }),
]

/** An address where nobody listens, so that no call leaves this machine. */
async function nowhere(lab: Lab): Promise<string> {
  return `http://127.0.0.1:${await aPort(lab)}`
}
