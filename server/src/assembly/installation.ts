import { join } from 'node:path'
import { type Config, ConfigError } from '../config/config.ts'
import { readOrMake } from '../config/own-files.ts'
import { storedInstallation, storeInstallation } from '../store/installation.ts'
import type { Database } from '../store/sqlite.ts'

/**
 * The mark on our machines: as it is set, else as the database has it, else as the file has it, else a new one. A database
 * that came back from a backup brings it along.
 *
 * @throws ConfigError when it is set to another one than the database's machines carry
 */
export async function installationId(
  config: Pick<Config, 'installationId' | 'dataDir'>,
  database: Database,
  random: (bytes: number) => Uint8Array,
): Promise<string> {
  const stored = await storedInstallation(database)
  const file = join(config.dataDir, 'installation-id')
  const id = config.installationId ?? readOrMake(file, () => stored ?? shortId(random))
  if (stored === undefined) await storeInstallation(database, id)
  else if (stored !== id) {
    const from = config.installationId === undefined ? file : 'INSTALLATION_ID'
    throw new ConfigError([
      `${from} says ${id}, but the machines of this database are marked ${stored}: set it to ${stored}, or start with another DATA_DIR. Two installations must not look after the same machines`,
    ])
  }
  return id
}

/** Eight letters and digits: enough to tell installations apart in a label. */
function shortId(random: (bytes: number) => Uint8Array): string {
  return Array.from(random(8), (byte) => (byte % 36).toString(36)).join('')
}
