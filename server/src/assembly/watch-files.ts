import { watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** An editor writes a file in several steps. */
const settledAfterMs = 300

/**
 * Tells when one of the files was written or replaced. Folders are watched, because editors put another file in the place of
 * the old one.
 *
 * @param failed  hears why a folder cannot be watched, or no longer: the system has a limit of watches
 * @returns how to stop
 */
export function watchFiles(
  files: readonly string[],
  changed: () => void,
  failed: (file: string, error: Error) => void,
): () => void {
  let waiting: NodeJS.Timeout | undefined
  const watchers = files.flatMap((file) => {
    try {
      const watcher = watch(dirname(file), { persistent: false }, (_event, name) => {
        if (name !== basename(file)) return
        clearTimeout(waiting)
        waiting = setTimeout(changed, settledAfterMs)
        waiting.unref()
      })
      return [watcher.on('error', (error) => failed(file, error))]
    } catch (error) {
      failed(file, error as Error)
      return []
    }
  })
  return () => {
    clearTimeout(waiting)
    for (const watcher of watchers) watcher.close()
  }
}
