import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { root } from '../kit/server-process.ts'
import { composeFrom, dangersIn } from './compose-file.ts'
import { layOut, mistakesIn } from './dockerfile.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const compose = read('docker-compose.yml')
const dockerfile = read('deploy/Dockerfile')
const dockerignore = read('.dockerignore')

describe('docker-compose.yml', () => {
  test('is one that Compose 2.0 takes, and safe', () => {
    expect(dangersIn(composeFrom(compose))).toEqual([])
  })

  test('publishes the port that .env names', () => {
    expect(composeFrom(compose, { PORT: '3100' }).services['novita-api']?.ports).toEqual(['127.0.0.1:3100:3000'])
  })

  test.each([
    ['a word of a later version', '    init: true', '    init: true\n    develop: {}', 'develop'],
    ['a misspelt word', '    read_only:', '    readonly:', 'readonly'],
    ['a duration without a unit', 'interval: 30s', 'interval: "30"', 'interval'],
    ['a variable without a default', `\${PORT:-3000}`, `\${PORT}`, 'PORT'],
  ])('is refused with %s', (_what, from, to, named) => {
    expect(() => composeFrom(compose.replace(from, to))).toThrow(named)
  })

  test.each([
    ['a port for everybody', '"127.0.0.1:', '"', 'published to everybody'],
    ['another gateway', 'gateway: 172.30.93.1', 'gateway: 172.30.93.2', 'no gateway'],
    ['a setting that is none', 'DATA_DIR: /data', 'DATADIR: /data', 'DATADIR is no setting'],
    ['data on no volume', 'data:/data', 'data:/elsewhere', 'DATA_DIR is on no volume'],
  ])('is dangerous with %s', (_what, from, to, named) => {
    expect(dangersIn(composeFrom(compose.replace(from, to))).join('\n')).toContain(named)
  })
})

describe('deploy/Dockerfile', () => {
  test('copies what there is, runs as nobody special, and watches itself', () => {
    expect(mistakesIn(dockerfile, dockerignore)).toEqual([])
  })

  test.each([
    ['a file that is gone', 'COPY server/src ', 'COPY server/source ', 'no such file'],
    ['a file that is kept back', 'COPY scripts/backup.ts ', 'COPY scripts/start.ts ', 'keeps it back'],
    ['no user', 'USER node', '', 'runs as root'],
    ['no health check', 'HEALTHCHECK', 'LABEL', 'HEALTHCHECK is missing'],
    ['another program', 'CMD ["node", "server/src/main.ts"]', 'CMD ["node", "main.js"]', 'main.js is started'],
    ['no version', 'FROM node:24-slim\n', 'FROM node\n', 'names no version'],
    ['a key', 'DATA_DIR=/data', 'DATA_DIR=/data VAST_API_KEY=abc', 'a secret'],
    ['a word of BuildKit', 'RUN npm ci', 'RUN --mount=type=cache,target=/root/.npm npm ci', 'takes BuildKit'],
  ])('is refused with %s', (_what, from, to, named) => {
    expect(dockerfile).toContain(from)
    expect(mistakesIn(dockerfile.replace(from, to), dockerignore).join('\n')).toContain(named)
  })

  test('holds all that its command line needs, packages that lie beside it included', () => {
    const image = (source: string) => {
      const folder = mkdtempSync(join(tmpdir(), 'gpufleet-image-'))
      onTestFinished(() => rmSync(folder, { recursive: true }))
      layOut(source, dockerignore, folder)
      return folder
    }
    const whole = image(dockerfile)
    const version = spawnSync(process.execPath, [join(whole, 'cli/bin/gpufleet.cjs'), '--version'], {
      encoding: 'utf8',
    })
    expect(version).toMatchObject({ status: 0, stderr: '' })
    const without = image(dockerfile.replace('/app ./', '/app/node_modules node_modules'))
    const beside = (folder: string) => globSync('*/node_modules/*', { cwd: folder })
    expect(beside(whole)).toEqual(beside(root))
    expect(beside(without)).not.toEqual(beside(root))
  })

  test('has the Node.js that the sources need', () => {
    expect(dockerfile.match(/^FROM node:(\d+)/gm)).toEqual(['FROM node:24', 'FROM node:24'])
  })
})

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0

describe.skipIf(!hasSystemd)('deploy/gpufleet.service (takes systemd-analyze)', () => {
  function verify(unit: string): { status: number | null; stderr: string } {
    const folder = mkdtempSync(join(tmpdir(), 'gpufleet-unit-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'gpufleet.service')
    writeFileSync(file, unit.replaceAll('/opt/gpufleet', root))
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })
    return { status, stderr }
  }

  test('is one that systemd takes', () => {
    expect(verify(read('deploy/gpufleet.service'))).toEqual({ status: 0, stderr: '' })
  })

  test.each([
    ['a program that is not there', '.bin/node server', '.bin/nodejs server', 'is not executable'],
    ['a word that systemd does not know', 'MemoryMax=', 'MemoryMost=', 'MemoryMost'],
  ])('is complained about with %s', (_what, from, to, named) => {
    expect(verify(read('deploy/gpufleet.service').replace(from, to)).stderr).toContain(named)
  })
})
