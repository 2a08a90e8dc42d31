import { createParser } from 'eventsource-parser'
import { z } from 'zod'

const LogEvent = z.looseObject({ line: z.string() })

/**
 * The lines of RunPod's log stream, oldest first. An event that was cut off in the middle, or that we cannot read, is left out.
 *
 * @source runpod.md 2.5: `data: {"ts":"…","source":"container","line":"…"}`
 */
export function logLinesFromRunpod(stream: string): string[] {
  const lines: string[] = []
  const parser = createParser({
    onEvent({ data }) {
      try {
        const event = LogEvent.safeParse(JSON.parse(data))
        if (event.success) lines.push(event.data.line)
      } catch {
        // Not JSON: a comment or a later format.
      }
    },
  })
  parser.feed(stream)
  return lines
}
