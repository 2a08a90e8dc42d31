import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The environment, and what the file named by `ENV_FILE` adds to it. What the environment sets, also to nothing, wins. The
 * file is read each time, so that a reload sees what was changed in it.
 *
 * @throws Error when the file cannot be read
 */
export function environmentWithFile(environment: Environment): Environment {
  const file = environment.ENV_FILE
  if (file === undefined || file === '') return environment
  return { ...parseEnv(readFileSync(file, 'utf8')), ...environment }
}
