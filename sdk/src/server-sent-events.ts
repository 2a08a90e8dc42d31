/** One block of a stream of server-sent events. */
export interface ServerSentBlock {
  /** The last id that the stream has named, in this block or before; '' before the first. */
  id: string
  /** null for a block that only moves the id or names a retry time. */
  data: string | null
}

/**
 * Reads a stream of server-sent events piece by piece, wherever the pieces were cut.
 *
 * @source html.spec.whatwg.org, 9.2.6 "Interpreting an event stream"
 */
export function serverSentEvents(): {
  read(piece: string): ServerSentBlock[]
  /** How long the server asks us to wait before connecting again; undefined when it did not say. */
  retryMs(): number | undefined
} {
  let rest = ''
  let begun = false
  let id = ''
  let data: string[] = []
  let retryMs: number | undefined

  return { read, retryMs: () => retryMs }

  function read(piece: string): ServerSentBlock[] {
    rest += piece
    if (!begun && rest !== '') {
      rest = rest.replace(/^\uFEFF/, '')
      begun = true
    }
    // A carriage return at the very end may be half of a line end; it waits for the next piece.
    const lines = rest.split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    return lines.flatMap((line) => readLine(line) ?? [])
  }

  function readLine(line: string): ServerSentBlock | undefined {
    if (line === '') return endBlock()
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') data.push(value)
    if (field === 'id' && !value.includes('\0')) id = value
    if (field === 'retry' && /^\d+$/.test(value)) retryMs = Number(value)
    return undefined
  }

  function endBlock(): ServerSentBlock {
    const block = { id, data: data.length === 0 ? null : data.join('\n') }
    data = []
    return block
  }
}
