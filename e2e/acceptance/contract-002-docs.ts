/** Contract 002: what it says of containers, documents, examples and the licence. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { deadLinksIn, guidesIn, linksFrom } from '../../scripts/guide-links.ts'
import { configFrom } from '../../server/src/config/config.ts'
import { providerNames } from '../../server/src/core/providers.ts'
import { type ComposeFile, composeFrom, dangersIn } from '../deploy/compose-file.ts'
import { imageOf, layOut, mistakesIn } from '../deploy/dockerfile.ts'
import { tryExamples002 } from '../examples/contract-002.ts'
import { sceneOf } from '../examples/contracts.ts'
import { root, type ServerProcess, startProgram } from '../kit/server-process.ts'
import { type Check, kept } from './check.ts'
import { expectSame, expectThat, type Lab } from './lab.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const notRun = 'not run: no Docker engine here'

export const docsChecks: readonly Check[] = [
  kept('S002-16', async (lab) => {
    const environment = { ...parseEnv(read('.env.example')), NOVITA_API_KEY: 'your_api_key_here' }
    configFrom(environment)
    expectSame(compose().services['novita-api']?.env_file, '.env', 'env_file')
    const { server, url } = await laidOutImage(lab)
    const health = await fetch(`${url}/health`)
    expectSame(health.status, 200, 'the status of /health')
    await endOf(server)
    await takesCallsOfItsHost(lab)
    return `${notRun}; compose file valid for 2.0; the image’s files, laid out by hand, start and answer /health; its host creates without a key`
  }),

  kept('S002-17', async () => {
    const names = Object.keys(compose().services)
    expectThat(names.includes('novita-api'), `the services are ${names.join(', ')}`)
    return `${notRun}; services of docker-compose.yml: ${names.join(', ')}`
  }),

  kept('S002-18', async (lab) => {
    const [, ...inCompose] = compose().services['novita-api']?.healthcheck?.test ?? []
    const { healthCheck } = imageOf(read('deploy/Dockerfile'))
    expectSame(inCompose, healthCheck, 'the health check of the compose file')
    const { server, folder, url } = await laidOutImage(lab)
    const [program, script] = healthCheck
    expectSame(program, 'node', 'what runs the check')
    const ask = () => lab.run(process.execPath, [join(folder, script ?? '')], { PORT: new URL(url).port })
    const alive = await ask()
    await endOf(server)
    const dead = await ask()
    expectSame([alive.status, dead.status], [0, 1], 'the exit codes of the check')
    return `${notRun}; the check of image and compose file, run by hand, ends with 0 while the server serves and 1 after it stopped`
  }),

  kept('S002-19', async (lab) => {
    const markets = await lab.markets({ providers: providerNames })
    const server = lab.server(markets.settings)
    const url = await server.url
    const pinned = await lab.run('taskset', ['-pc', '0', String(server.pid)])
    expectSame(pinned.status, 0, `taskset: ${pinned.output}; its status`)
    const found = await loadOn(url)
    const peakMb = Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1024
    expectThat(peakMb > 0 && peakMb < 512, `its peak is ${peakMb} MB`)
    return `on one core, five marketplaces, ${found} offers, 100 searches at 50 a time and 5 launches: peak ${Math.round(peakMb)} MB`
  }),

  kept('S002-20', async () => {
    expectSame(dangersIn(compose()), [], 'what is wrong with docker-compose.yml')
    expectSame(mistakesIn(read('deploy/Dockerfile'), read('.dockerignore')), [], 'what is wrong with deploy/Dockerfile')
    return `${notRun}; docker-compose.yml has only words of Compose 2.0, and deploy/Dockerfile builds without BuildKit`
  }),

  kept('S002-41', async () => {
    const wanted = ['API', 'DEPLOYMENT', 'EXAMPLES', 'CONFIGURATION', 'TROUBLESHOOTING', 'OPERATIONS'].map(
      (name) => `docs/${name}.md`,
    )
    const linked = linksFrom('docs/README.md', root)
    for (const page of wanted) {
      expectThat(linked.includes(page), `docs/README.md does not link ${page}`)
      expectThat(read(page).length > 1_500, `${page} says next to nothing`)
    }
    expectThat(linksFrom('README.md', root).includes('docs/README.md'), 'README.md does not link docs/README.md')
    expectSame(deadLinksIn(root), [], 'links that lead nowhere')
    return `six pages, linked from docs/README.md, and that from README.md; every link and anchor of ${guidesIn(root).length} guides leads somewhere`
  }),

  kept('S002-42', async (lab) => tryExamples002(await sceneOf(await lab.world({ providers: ['novita'] })))),

  kept('S002-43', async (lab) => {
    const world = await lab.world({ providers: ['novita'] })
    const { body } = await world.call('GET', '/health')
    expectSame(body.version, '1.0.0', 'the version in /health')
    expectThat(/^MIT License/.test(read('LICENSE')), 'LICENSE is not MIT')
    const licences = ['package.json', 'server/package.json'].map((file) => JSON.parse(read(file)).license)
    expectSame(licences, ['MIT', 'MIT'], 'the licence of the packages')
    return '/health says version 1.0.0, the one that clients of the contract know; LICENSE and the packages say MIT'
  }),
]

function compose(): ComposeFile {
  return composeFrom(read('docker-compose.yml'))
}

interface LaidOut {
  server: ServerProcess
  folder: string
  url: string
}

/** The files of the image in a folder, started with what the compose file sets, against a simulated Novita. */
async function laidOutImage(lab: Lab): Promise<LaidOut> {
  const folder = lab.folder()
  const dockerfile = read('deploy/Dockerfile')
  layOut(dockerfile, read('.dockerignore'), folder)
  const { settings } = await lab.markets({ providers: ['novita'] })
  const { command, environment } = imageOf(dockerfile)
  expectSame(command[0], 'node', 'what runs the server')
  const server = startProgram([join(folder, command[1] ?? '')], {
    ...environment,
    ...compose().services['novita-api']?.environment,
    ...settings,
    DATA_DIR: lab.folder(),
    PORT: '0',
  })
  lab.atEnd(() => endOf(server))
  const url = new URL(await server.url)
  return { server, folder, url: `http://127.0.0.1:${url.port}` }
}

/** The contract's own commands send no key: they come by the gateway of the container's network. */
async function takesCallsOfItsHost(lab: Lab): Promise<void> {
  const { HOST = '', KEYLESS = '', KEYLESS_FROM = '' } = compose().services['novita-api']?.environment ?? {}
  const world = await lab.world({ providers: ['novita'], settings: { HOST, KEYLESS, KEYLESS_FROM } })
  const payload = { name: 'test-instance', productName: 'RTX 4090 24GB', templateId: 'pytorch-jupyter' }
  const headers = { host: 'localhost:3000' }
  const createFrom = async (remoteAddress: string) => {
    const call = { method: 'POST', url: '/api/instances', payload, headers, remoteAddress } as const
    return (await world.clock.drive(world.application.http.inject(call))).statusCode
  }
  expectSame([await createFrom(KEYLESS_FROM), await createFrom('172.30.93.5')], [201, 401], 'the creations')
}

async function endOf(server: ServerProcess): Promise<void> {
  if (server.isAlive()) server.signal('SIGTERM')
  await server.exited
}

/** @returns how many offers it holds in the end */
async function loadOn(url: string): Promise<number> {
  const api = async (path: string, body?: unknown) => {
    const reply = await fetch(
      `${url}/api/v1${path}`,
      body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) },
    )
    return (await reply.json()) as { data: unknown; matching?: number }
  }
  for (let i = 0; i < 5; i++) {
    await api('/instances', {
      provider: 'vast_ai',
      gpu_model: 'RTX 4090',
      max_price_per_hour_usd: '1',
      label: `load-${i}`,
    })
  }
  for (let i = 0; i < 2; i++) {
    await Promise.all(Array.from({ length: 50 }, () => api('/offers/search?limit=200')))
  }
  const stats = (await api('/marketplace/stats')).data as { available_instances: number }
  const instances = (await api('/instances')).data as unknown[]
  expectSame(instances.length, 5, 'the number of instances')
  return stats.available_instances
}
