import type { ProjectName } from '../core/instances/instance.ts'
import { AppError } from './errors.ts'

/** On whose behalf a verb acts: every verb takes it right before its `deps`. */
export interface Who {
  /** For the audit log: the name of the key, `keyless`, `admin`. No secret. */
  actor: string
  /** The only project that they may see and change; null: all of them. */
  project: ProjectName | null
}

/** What belongs to no project is seen by those who see all of them. */
export function maySee(who: Who, { project }: { project: ProjectName | null }): boolean {
  return who.project === null || who.project === project
}

/**
 * The project that a call is about: the one asked for, else the caller's own; null: all of them, where nobody said.
 *
 * @throws AppError `forbidden` when it is not theirs
 */
export function projectAsked(who: Who, asked: ProjectName | null | undefined): ProjectName | null {
  if (who.project === null) return asked ?? null
  if (asked != null && asked !== who.project) {
    throw new AppError('forbidden', `this key is for project ${who.project} only`, {
      fix: `leave project out, or use a key of project ${asked}`,
      details: { project: who.project },
    })
  }
  return who.project
}
