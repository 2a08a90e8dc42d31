/** A promise of one of the five contracts and how it is shown that it is kept. Ids are those of the acceptance list. */

import type { Lab } from './lab.ts'

/** `S000-01` */
export type PromiseId = `${'S' | 'R'}00${0 | 1 | 2 | 3 | 4}-${string}`

export type Check =
  | {
      ids: readonly PromiseId[]
      standing: 'kept'
      /** Tries it. @returns what was seen, in a line. @throws when it is not so */
      run(lab: Lab): Promise<string>
    }
  | {
      ids: readonly PromiseId[]
      standing: 'superseded'
      /** What the marketplace does today, with its source and date. */
      fact: string
      /** Shows that the promise's purpose is kept. */
      run(lab: Lab): Promise<string>
    }
  | { ids: readonly PromiseId[]; standing: 'later'; comesWith: string }

type Run = (lab: Lab) => Promise<string>

export function kept(ids: PromiseId | readonly PromiseId[], run: Run): Check {
  return { ids: [ids].flat() as PromiseId[], standing: 'kept', run }
}

/** Only for rows that the acceptance list marks so. */
export function superseded(ids: PromiseId | readonly PromiseId[], fact: string, run: Run): Check {
  return { ids: [ids].flat() as PromiseId[], standing: 'superseded', fact, run }
}

/** Belongs to a part that is not built yet; shown as open. */
export function later(ids: PromiseId | readonly PromiseId[], comesWith: string): Check {
  return { ids: [ids].flat() as PromiseId[], standing: 'later', comesWith }
}
