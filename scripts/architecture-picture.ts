import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const begin = '<!-- picture: made from the imports by npm run generate -->'
const end = '<!-- end of picture -->'

/** ARCHITECTURE.md with its picture brought up to date: which folder imports which, as the code has it now. */
export function architectureWithPicture(root: string): string {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  const [before, rest] = text.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined)
    throw new Error('ARCHITECTURE.md has lost the markers of its picture')
  return `${before}${begin}\n\n${picture(root)}\n\n${end}${after}`
}

interface Module {
  source: string
  dependencies: { resolved: string }[]
}

function picture(root: string): string {
  const arrows = new Map<string, number>()
  for (const { source, dependencies } of modulesOf(root)) {
    const from = roomOf(source)
    for (const { resolved } of dependencies) {
      const to = roomOf(resolved)
      if (from === undefined || to === undefined || from === to) continue
      const arrow = `${from} --> ${to}`
      arrows.set(arrow, (arrows.get(arrow) ?? 0) + 1)
    }
  }
  return ['```mermaid', 'flowchart TD', ...[...arrows.keys()].sort().map((arrow) => `  ${arrow}`), '```'].join('\n')
}

function modulesOf(root: string): Module[] {
  const run = spawnSync(
    process.execPath,
    [
      'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
      ...['server/src', 'sdk', 'cli', 'simulators'],
      ...[
        '--config',
        '.dependency-cruiser.cjs',
        '--output-type',
        'json',
        '--exclude',
        '\\.test\\.ts$|/testing/|/bench/|providers/contract/',
      ],
    ],
    { cwd: root, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
  )
  return (JSON.parse(run.stdout) as { modules: Module[] }).modules
}

/** A room is a folder of the server, or a workspace; a marketplace is one room, whatever its name. */
function roomOf(path: string): string | undefined {
  if (path.startsWith('node_modules') || path.includes('.test.') || path.startsWith('..')) return undefined
  if (path === 'server/src/main.ts') return 'main.ts'
  const server = /^server\/src\/([a-z]+)\//.exec(path)?.[1]
  if (server !== undefined) return server
  const workspace = /^(sdk|cli|web)\//.exec(path)?.[1]
  if (workspace !== undefined) return workspace
  const simulator = /^simulators\/([a-z]+)/.exec(path)?.[1]
  return simulator === undefined ? undefined : simulator === 'kit' ? 'simulators/kit' : 'simulators'
}
