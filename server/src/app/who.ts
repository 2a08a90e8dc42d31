import type { ProjectName } from '../core/instances/instance.ts'

/** On whose behalf a verb acts. */
export interface Who {
  /** For the audit log: the name of the key, `keyless`, `admin`. No secret. */
  actor: string
  /** The only project that they may see and change; null: all of them. */
  project: ProjectName | null
}
