/**
 * `npm run backup -- file.db` copies the database while the server runs; `npm run restore -- file.db` puts a copy in its
 * place while it does not.
 */

import { join, resolve } from 'node:path'
import { backUp, restore } from '../server/src/assembly/backup.ts'
import { lockDatabase } from '../server/src/assembly/database-lock.ts'
import { ConfigError, configFrom } from '../server/src/config/config.ts'
import { environmentWithFile } from '../server/src/config/environment.ts'
import { environmentNamingFile } from './settings-file.ts'

// What is written holds keys and plans: it is for its owner alone.
process.umask(0o077)

const [what, file] = process.argv.slice(2)
if ((what !== 'backup' && what !== 'restore') || file === undefined) {
  console.error('usage: npm run backup -- FILE\n       npm run restore -- FILE')
  process.exit(2)
}

try {
  const { dataDir, databaseFile } = configFrom(environmentWithFile(environmentNamingFile()))
  const database = databaseFile ?? join(dataDir, 'gpufleet.db')
  if (what === 'backup') {
    await backUp(database, resolve(file))
    console.log(`${database} was copied to ${file}`)
    console.log(
      `keep these apart from it, and as safe as a password: ${join(dataDir, 'secrets.key')} (opens its secrets; unless SECRETS_KEY is set)`,
    )
  } else {
    const giveBack = lockDatabase(database)
    const before = restore(resolve(file), database, new Date())
    giveBack()
    console.log(`${database} is now what ${file} holds`)
    if (before !== null) console.log(`what was there before is in ${before}`)
    console.log('start the server: machines rented since the backup are found by their labels, and adopted')
  }
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  console.error(`gpufleet: ${error.mistakes.join('\n')}`)
  process.exit(1)
}
