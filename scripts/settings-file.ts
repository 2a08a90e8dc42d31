import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const envFile = join(dirname(dirname(fileURLToPath(import.meta.url))), '.env')

/** The environment, which names `.env` as its file of settings where there is one and nobody named another. */
export function environmentNamingFile(): NodeJS.ProcessEnv {
  return existsSync(envFile) ? { ENV_FILE: envFile, ...process.env } : process.env
}
