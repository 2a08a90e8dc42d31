/** Finds what a reader of a contract's document would run: its curl, JavaScript and Python examples, and its bare requests. */

export interface Example {
  language: 'curl' | 'request' | 'javascript' | 'python'
  /** A `request` is `METHOD path`, then its headers if any, an empty line and its body if any. */
  code: string
  /** Where it begins in the document. */
  line: number
  /** What the document says the answer looks like. */
  answer?: unknown
}

interface Block {
  language: string
  text: string
  line: number
  /** The last line of text before it. */
  caption: string
  /** Begins after the same heading as the block before it. */
  sameSection: boolean
}

export function examplesOf(document: string): Example[] {
  const blocks = blocksOf(document)
  const found: Example[] = headingRequests(document, blocks)
  for (const [index, block] of blocks.entries()) {
    const answer = answerAfter(blocks, index)
    for (const example of examplesIn(block)) found.push({ ...example, ...(answer !== undefined && { answer }) })
  }
  return found.sort((one, other) => one.line - other.line)
}

function examplesIn({ language, text, line }: Block): Example[] {
  if (language === 'javascript' || language === 'python') return [{ language, code: text, line }]
  if (language !== 'bash') return []
  if (/^(GET|POST|PUT|DELETE) \//.test(text)) return [{ language: 'request', code: text, line }]
  return curlCommands(text).map(({ code, at }) => ({ language: 'curl', code, line: line + at }))
}

/** Each `curl …`, over as many lines as its quotes and backslashes take. */
function curlCommands(text: string): { code: string; at: number }[] {
  const commands: { code: string; at: number }[] = []
  let open: { code: string; at: number } | null = null
  for (const [at, line] of text.split('\n').entries()) {
    if (open === null && !line.startsWith('curl ')) continue
    const command: { code: string; at: number } =
      open === null ? { code: line, at } : { code: `${open.code}\n${line}`, at: open.at }
    const complete = command.code.split("'").length % 2 === 1 && !command.code.endsWith('\\')
    if (complete) commands.push(command)
    open = complete ? null : command
  }
  return commands
}

/** `### POST /path` with a request body or none, as contract 001 writes them. */
function headingRequests(document: string, blocks: readonly Block[]): Example[] {
  return document.split('\n').flatMap((heading, at): Example[] => {
    const [, request] = /^### ((?:GET|POST|PUT|DELETE) \/\S+)\s*$/.exec(heading) ?? []
    if (request === undefined) return []
    const line = at + 1
    const next = document.split('\n').findIndex((text, index) => index > at && /^#{1,3} /.test(text))
    const own = blocks.filter((block) => block.line > line && (next < 0 || block.line <= next))
    const body = own.find(({ caption }) => /request body/i.test(caption))?.text
    const answer = own.find(({ language, caption }) => language === 'json' && /response/i.test(caption))?.text
    return [
      {
        language: 'request',
        code: body === undefined ? request : `${request}\n\n${body}`,
        line,
        ...(answer !== undefined && { answer: JSON.parse(answer) }),
      },
    ]
  })
}

function answerAfter(blocks: readonly Block[], index: number): unknown {
  const next = blocks[index + 1]
  return next?.language === 'json' && next.sameSection ? JSON.parse(next.text) : undefined
}

function blocksOf(document: string): Block[] {
  const blocks: Block[] = []
  let open: Block | null = null
  let caption = ''
  let sameSection = false
  for (const [at, line] of document.split('\n').entries()) {
    const fence = /^```(\w*)\s*$/.exec(line)
    if (open === null && fence !== null) {
      open = { language: fence[1] ?? '', text: '', line: at + 2, caption, sameSection }
    } else if (open !== null && fence !== null) {
      blocks.push({ ...open, text: open.text.replace(/\n$/, '') })
      open = null
      sameSection = true
    } else if (open !== null) {
      open.text += `${line}\n`
    } else if (line.trim() !== '') {
      caption = line
      if (/^#+ /.test(line)) sameSection = false
    }
  }
  return blocks
}
