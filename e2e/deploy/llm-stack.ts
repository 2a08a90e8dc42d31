/** Judges the stack of `deploy/vast-llm-stack` without an engine: what Compose takes of it, and its nginx in front of a pretended vLLM. */

import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import Ajv from 'ajv'
import { parse } from 'yaml'
import { root } from '../kit/server-process.ts'

export const stackDir = join(root, 'deploy/vast-llm-stack')

const text = { type: 'string' } as const
const texts = { type: 'array', items: text } as const
const duration = { type: 'string', pattern: '^(\\d+(s|m|h))+$' } as const

function strictly(properties: Record<string, unknown>, required: string[] = []): Record<string, unknown> {
  return { type: 'object', additionalProperties: false, properties, required }
}

/** @source github.com/compose-spec/compose-spec, schema/compose-spec.json, as far as the stack uses it */
const schema = strictly(
  {
    services: {
      type: 'object',
      additionalProperties: strictly(
        {
          image: text,
          restart: { enum: ['no', 'always', 'on-failure', 'unless-stopped'] },
          ipc: text,
          command: texts,
          environment: { type: 'object', additionalProperties: text },
          ports: { type: 'array', items: { type: 'string', pattern: '^\\d+:\\d+$' } },
          volumes: texts,
          healthcheck: strictly(
            {
              test: { type: 'array', items: text, minItems: 2 },
              interval: duration,
              timeout: duration,
              start_period: duration,
              retries: { type: 'integer' },
            },
            ['test'],
          ),
          deploy: strictly({
            resources: strictly({
              reservations: strictly({
                devices: {
                  type: 'array',
                  items: strictly(
                    { driver: text, count: { anyOf: [text, { type: 'integer' }] }, capabilities: texts },
                    ['capabilities'],
                  ),
                },
              }),
            }),
          }),
        },
        ['image'],
      ),
    },
    volumes: { type: 'object', additionalProperties: { type: 'null' } },
  },
  ['services'],
)

export interface StackService {
  image: string
  command?: string[]
  environment?: Record<string, string>
  ports?: string[]
  volumes?: string[]
  deploy?: { resources: { reservations: { devices: { capabilities: string[] }[] } } }
}

/** @throws Error that names what Compose would not take */
export function stackServices(): Record<string, StackService> {
  const file = parse(readFileSync(join(stackDir, 'docker-compose.yml'), 'utf8'))
  const validate = new Ajv.default({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema)
  if (!validate(file)) throw new Error(`no Compose file: ${JSON.stringify(validate.errors)}`)
  return (file as { services: Record<string, StackService> }).services
}

/** The same file as it is read outside of Docker: other addresses, nothing else. */
function configFor({ upstream, port }: { upstream: number; port: number }): string {
  return readFileSync(join(stackDir, 'health-nginx.conf'), 'utf8')
    .replace('listen 8001;', `listen 127.0.0.1:${port};`)
    .replace('vllm:8000', `127.0.0.1:${upstream}`)
}

export interface ProxyReport {
  /** What vLLM said, and what `/health` said then. */
  seen: { upstream: number | 'down'; status: number; body: string }[]
  /** The status of a path that is none of its business. */
  elsewhere: number
  /** The paths that reached vLLM. */
  reached: string[]
}

/** Runs nginx with the file in front of a pretended vLLM. @returns undefined where there is no nginx */
export async function tryHealthProxy(folder: string): Promise<ProxyReport | undefined> {
  if ((await ran('nginx', ['-v'])) === undefined) return undefined
  const reached: string[] = []
  let says = 200
  const vllm = createServer((request, response) => {
    reached.push(request.url ?? '')
    response.writeHead(says).end('from vLLM')
  })
  await new Promise<void>((resolve) => vllm.listen(0, '127.0.0.1', resolve))
  const upstream = (vllm.address() as AddressInfo).port
  const port = await freePort()
  const main = join(folder, 'nginx.conf')
  for (const one of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(join(folder, one), { recursive: true })
  const include = (conf: string) => {
    writeFileSync(join(folder, 'health.conf'), conf)
    writeFileSync(
      main,
      `pid ${folder}/nginx.pid; error_log stderr; daemon off; master_process off; events {} http { client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi; include ${folder}/health.conf; }`,
    )
  }
  // As it is shipped first.
  include(readFileSync(join(stackDir, 'health-nginx.conf'), 'utf8'))
  const judged = await ran('nginx', ['-t', '-p', folder, '-c', main])
  if (judged?.status !== 0) throw new Error(`nginx does not take the file: ${judged?.output}`)

  include(configFor({ upstream, port }))
  const nginx = spawn('nginx', ['-p', folder, '-c', main], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise<void>((resolve) => nginx.once('close', () => resolve()))
  try {
    const ask = (path: string) => asked(`http://127.0.0.1:${port}${path}`)
    const seen: ProxyReport['seen'] = []
    for (const status of [200, 503]) {
      says = status
      seen.push({ upstream: status, ...(await ask('/health')) })
    }
    const elsewhere = (await ask('/v1/models')).status
    vllm.closeAllConnections()
    await new Promise((resolve) => vllm.close(resolve))
    seen.push({ upstream: 'down', ...(await ask('/health')) })
    return { seen, elsewhere, reached }
  } finally {
    nginx.kill()
    vllm.closeAllConnections()
    vllm.close()
    await ended
  }
}

/** Until nginx listens. */
async function asked(url: string): Promise<{ status: number; body: string }> {
  for (let tries = 100; ; tries -= 1) {
    try {
      const reply = await fetch(url)
      return { status: reply.status, body: await reply.text() }
    } catch (error) {
      if (tries === 0) throw error
      await after(50)
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** @returns undefined where there is no such program */
export function ran(
  command: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<{ status: number | null; output: string } | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...environment } })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk
      })
    }
    child.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? resolve(undefined) : reject(error),
    )
    child.once('close', (status) => resolve({ status, output }))
  })
}

/**
 * Has systemd read the unit. Docker may be missing where this runs: it is stood in for, and nothing else.
 *
 * @returns what systemd has to say; empty: nothing is wrong. undefined where there is no systemd
 */
export async function judgeUnit(folder: string): Promise<string | undefined> {
  const unit = readFileSync(join(stackDir, 'llm-stack.service'), 'utf8')
  writeFileSync(join(folder, 'llm-stack.service'), unit.replaceAll('=/usr/bin/docker ', '=/bin/true '))
  writeFileSync(join(folder, 'docker.service'), '[Service]\nExecStart=/bin/true\n')
  const judged = await ran('systemd-analyze', ['verify', join(folder, 'llm-stack.service')], {
    SYSTEMD_UNIT_PATH: `${folder}:`,
  })
  if (judged === undefined) return undefined
  return judged.status === 0 ? judged.output.trim() : judged.output.trim() || `it ended with ${judged.status}`
}
