import { watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** An editor writes a file in several steps. */
const settledAfterMs = 300

/**
 * Tells when one of the files was written or replaced. Folders are watched, because editors put another file in the place of
 * the old one.
 *
 * @returns how to stop
 */
export function watchFiles(files: readonly string[], changed: () => void): () => void {
  let waiting: NodeJS.Timeout | undefined
  const watchers = files.map((file) =>
    watch(dirname(file), { persistent: false }, (_event, name) => {
      if (name !== basename(file)) return
      clearTimeout(waiting)
      waiting = setTimeout(changed, settledAfterMs)
      waiting.unref()
    }),
  )
  return () => {
    clearTimeout(waiting)
    for (const watcher of watchers) watcher.close()
  }
}
