import { AppError } from './errors.ts'
import type { Who } from './who.ts'

/** What a reload found. */
export interface Reloaded {
  /** Names of settings that count from now on. */
  taken: readonly string[]
  /** Names of settings that are different, and count after a restart. */
  needRestart: readonly string[]
  /** How many GPU models came from the file. */
  gpuModels: number
}

export interface ReloadDeps {
  reload: (actor: string) => Promise<Reloaded>
}

/** Takes over keys, flags and the catalogue as they are set now. Wrong settings change nothing. */
export async function reloadSettings(who: Who, { reload }: ReloadDeps): Promise<Reloaded> {
  try {
    return await reload(who.actor)
  } catch (error) {
    const mistakes: unknown = error instanceof Error && 'mistakes' in error ? error.mistakes : undefined
    if (!Array.isArray(mistakes)) throw error
    throw new AppError('invalid_request', `nothing was reloaded: ${mistakes.join('; ')}`, {
      fix: 'correct the named settings, then reload again; the server goes on with those it has',
      details: { mistakes },
      cause: error,
    })
  }
}
