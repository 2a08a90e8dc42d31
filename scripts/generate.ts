/**
 * Makes the files that are made from the code: `npm run generate`. With `--check` it writes nothing and fails when one of
 * them is stale.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import packageJson from '../server/package.json' with { type: 'json' }
import { envExample } from '../server/src/config/env-example.ts'
import { openApiDocument } from '../server/src/http/openapi.ts'
import { architectureWithPicture } from './architecture-picture.ts'
import { errorsPage } from './reference/errors-page.ts'
import { eventsPage } from './reference/events-page.ts'
import { metricsPage } from './reference/metrics-page.ts'
import { providersPage } from './reference/providers-page.ts'
import { settingsPage } from './reference/settings-page.ts'
import { type OpenApi, sdkTypes } from './sdk-types.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const check = process.argv.includes('--check')

const openApi = `${JSON.stringify(await openApiDocument(packageJson.version), null, 2)}\n`
const made: Record<string, string> = {
  '.env.example': envExample(),
  'ARCHITECTURE.md': architectureWithPicture(root),
  'docs/reference/errors.md': errorsPage(),
  'docs/reference/events.md': eventsPage(),
  'docs/reference/metrics.md': metricsPage(),
  'docs/reference/openapi.json': openApi,
  'docs/reference/providers.md': providersPage(),
  'docs/reference/settings.md': settingsPage(),
  'sdk/src/api.gen.ts': sdkTypes(JSON.parse(openApi) as OpenApi),
}

const stale = Object.entries(made).filter(([path, text]) => current(path) !== text)
if (check) {
  for (const [path] of stale) console.error(`${path} is stale: run npm run generate and commit it`)
  process.exit(stale.length === 0 ? 0 : 1)
}
for (const [path, text] of stale) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
  console.log(`made ${path}`)
}

function current(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch {
    return undefined
  }
}
