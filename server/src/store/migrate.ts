import { Migrator } from 'kysely/migration'
import * as first from './migrations/0001-first.ts'
import * as findings from './migrations/0002-findings.ts'
import * as policies from './migrations/0003-policies.ts'
import * as spot from './migrations/0004-spot.ts'
import * as audit from './migrations/0005-audit.ts'
import * as access from './migrations/0006-access.ts'
import * as providerHealth from './migrations/0007-provider-health.ts'
import * as installation from './migrations/0008-installation.ts'
import * as charges from './migrations/0009-charges.ts'
import * as bills from './migrations/0010-bills.ts'
import * as deadMan from './migrations/0011-dead-man.ts'
import * as afterARestart from './migrations/0012-after-a-restart.ts'
import * as providerVersions from './migrations/0014-provider-versions.ts'
import * as vastFace from './migrations/0015-vast-face.ts'
import * as templates from './migrations/0016-templates.ts'
import * as infraVast from './migrations/0017-infra-vast.ts'
import * as novitaFace from './migrations/0018-novita-face.ts'
import * as marketHistory from './migrations/0019-market-history.ts'
import * as gpuModels from './migrations/0020-gpu-models.ts'
import type { Database } from './sqlite.ts'

/** Brings the schema up to date. Migrations only go forward; a backup is the way back. */
export async function migrate(database: Database): Promise<void> {
  const migrator = new Migrator({
    db: database,
    provider: {
      getMigrations: async () => ({
        '0001-first': first,
        '0003-policies': policies,
        '0004-spot': spot,
        '0002-findings': findings,
        '0006-access': access,
        '0005-audit': audit,
        '0007-provider-health': providerHealth,
        '0008-installation': installation,
        '0009-charges': charges,
        '0010-bills': bills,
        '0011-dead-man': deadMan,
        '0012-after-a-restart': afterARestart,
        '0014-provider-versions': providerVersions,
        '0017-infra-vast': infraVast,
        '0015-vast-face': vastFace,
        '0016-templates': templates,
        '0019-market-history': marketHistory,
        '0020-gpu-models': gpuModels,
        '0018-novita-face': novitaFace,
      }),
    },
  })
  const { error } = await migrator.migrateToLatest()
  if (error) throw new Error('the database could not be brought up to date', { cause: error })
}
