/** A copy of the database, and the way back. The keys that open its secrets are kept apart on purpose. */

import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { ConfigError } from '../config/config.ts'

/**
 * Copies the database while a server may be at work on it. The copy is whole, or there is none.
 *
 * @param database  its file
 * @param to        the file to make; one that is there already is not overwritten
 * @throws ConfigError that says what to do
 */
export async function backUp(database: string, to: string): Promise<void> {
  if (!existsSync(database)) {
    throw new ConfigError([`there is no database ${database}: set DATA_DIR or DATABASE_URL as the server has it`])
  }
  if (existsSync(to)) throw new ConfigError([`${to} exists already: name another file`])
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
  const partial = `${to}.partial`
  rmSync(partial, { force: true })
  const source = new DatabaseSync(database, { readOnly: true })
  try {
    source.exec('PRAGMA busy_timeout = 5000')
    await backup(source, partial)
    chmodSync(partial, 0o600)
  } finally {
    source.close()
  }
  checkDatabase(partial)
  renameSync(partial, to)
  removeLogsOf(partial)
}

/**
 * Puts a copy in the place of the database. What was there is kept beside it. That it was restored is written into it: what
 * has ended since the copy was made is not rented anew.
 *
 * The server must not be at work on it: take the lock of its folder first.
 *
 * @returns where the old database is now; null when there was none
 * @throws ConfigError when the copy is damaged, or none of ours
 */
export function restore(from: string, database: string, now: Date): string | null {
  if (!existsSync(from)) throw new ConfigError([`there is no file ${from}`])
  checkDatabase(from)
  mkdirSync(dirname(database), { recursive: true, mode: 0o700 })
  const incoming = `${database}.incoming`
  copyFileSync(from, incoming)
  checkDatabase(incoming)
  const copy = new DatabaseSync(incoming)
  copy.prepare('UPDATE installation SET restored_at = ?').run(now.getTime())
  copy.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  copy.close()

  const stamp = now.toISOString().replace(/[:.]/g, '-')
  const before = existsSync(database) ? `${database}.before-restore-${stamp}` : null
  if (before !== null) {
    // What is only in the log of the old database belongs to it.
    const old = new DatabaseSync(database)
    old.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    old.close()
    // A copy: at every moment there is one database or the other, and never none, which a start would make empty.
    copyFileSync(database, before)
  }
  removeLogsOf(database)
  renameSync(incoming, database)
  removeLogsOf(incoming)
  return before
}

function removeLogsOf(database: string): void {
  for (const rest of ['-wal', '-shm']) rmSync(`${database}${rest}`, { force: true })
}

/** @throws ConfigError when it is damaged, or not a gpufleet database */
function checkDatabase(path: string): void {
  let file: DatabaseSync | undefined
  try {
    file = new DatabaseSync(path, { readOnly: true })
    const [first] = file.prepare('PRAGMA integrity_check').all()
    if (first?.integrity_check !== 'ok') throw new Error(String(first?.integrity_check))
    file.prepare('SELECT count(*) FROM instances, installation').get()
    file.prepare('SELECT count(*) FROM kysely_migration').get()
  } catch (error) {
    throw new ConfigError([`${path} is damaged, or not a database of gpufleet: ${(error as Error).message}`])
  } finally {
    file?.close()
  }
}
