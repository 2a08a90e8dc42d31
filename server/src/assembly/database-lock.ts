import { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '../config/config.ts'

/** Whoever forgets how to give a lock back keeps it: what nobody refers to is collected, and its lock with it. */
const held = new Set<DatabaseSync>()

/**
 * Keeps a second server off the same database: two workers on one file would act twice. The lock is one that the
 * operating system takes back by itself when the process dies, however it dies.
 *
 * @param database  its file
 * @returns gives the lock back
 * @throws ConfigError when another process has it
 */
export function lockDatabase(database: string): () => void {
  const file = new DatabaseSync(`${database}.lock`)
  try {
    file.exec('PRAGMA busy_timeout = 0')
    file.exec('BEGIN EXCLUSIVE')
  } catch {
    file.close()
    throw new ConfigError([
      `${database} is in use by another gpufleet: stop it, or set DATA_DIR (or DATABASE_URL) to another place`,
    ])
  }
  held.add(file)
  return () => {
    held.delete(file)
    file.close()
  }
}
