// Runs before every npm script, also on an old Node and in a fresh clone: installs what is missing, says what it needs.
// No dependencies, and no syntax that Node 20 does not know.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const installed = join(root, 'node_modules', '.package-lock.json')
const wanted = join(root, 'package-lock.json')

if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(wanted).mtimeMs - 1000) {
  if (!isSame(installed, wanted)) install()
}

const bundled = existsSync(join(root, 'node_modules', '.bin', 'node'))
if (!bundled && Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    `gpufleet needs Node.js 24 or newer; this is ${process.version}. On Linux (x64, arm64) it brings its own through npm; here, install Node.js 24 and try again.`,
  )
  process.exit(1)
}

function install() {
  console.error('gpufleet: installing what is missing (npm ci); this happens once …')
  const npm = process.env.npm_execpath
  const command = npm ? [process.execPath, [npm]] : ['npm', []]
  const run = spawnSync(
    command[0],
    [...command[1], 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
    },
  )
  if (run.status !== 0) {
    console.error('gpufleet: npm ci failed; see above. Is the npm registry reachable?')
    process.exit(run.status ?? 1)
  }
}

/** The installed set may be older by time and still be the same, after a checkout. */
function isSame(one, other) {
  if (!existsSync(one)) return false
  const packages = (file) => {
    const all = JSON.parse(readFileSync(file, 'utf8')).packages
    return Object.entries(all).filter(
      ([path, entry]) => path.startsWith('node_modules/') && !entry.link && !entry.optional,
    )
  }
  const have = new Map(packages(one).map(([path, entry]) => [path, entry.version]))
  return packages(other).every(([path, entry]) => have.get(path) === entry.version)
}
