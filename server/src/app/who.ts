import type { ProjectName } from '../core/instances/instance.ts'
import type { KeyedCall } from '../store/answers.ts'
import type { NewEvent } from '../store/events.ts'
import { AppError } from './errors.ts'

/** On whose behalf a verb acts: every verb takes it right before its `deps`. */
export interface Who {
  /** For the audit log: the name of the key, `keyless`, `admin`. No secret. */
  actor: string
  /** The only project that they may see and change; null: all of them. */
  project: ProjectName | null
  /** The call with an Idempotency-Key that they make. */
  call?: KeyedCall
}

/** What this very call did before its process died, by the id of what it did it to: it is answered, not done again. */
export function doneBefore({ call }: Who): string | null {
  return call?.doneWith ?? null
}

/** For the event of a change: who made it, and the call that is not to make it twice. */
export function doneBy({ actor, call }: Who, id: string): Pick<NewEvent, 'actor' | 'doneBy'> {
  return { actor, ...(call !== undefined && { doneBy: { call, id } }) }
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
