/**
 * A small tolerant GraphQL: parses queries and mutations with variables, inline arguments, aliases, fragments and nested
 * selections, checks the fields against a type table, and answers only what was asked. Knows nothing of RunPod.
 */

export interface Place {
  line: number
  column: number
}

export interface Field {
  name: string
  alias: string
  args: Record<string, Value>
  fields: Selection[] | null
  at: Place
}

type Selection =
  | { kind: 'field'; field: Field }
  | { kind: 'spread'; name: string }
  | { kind: 'inline'; of: Selection[] }

export type Value =
  | { kind: 'variable'; name: string }
  | { kind: 'plain'; value: unknown }
  | { kind: 'list'; items: Value[] }
  | { kind: 'object'; entries: Array<[string, Value]> }

export interface Operation {
  kind: 'query' | 'mutation'
  name: string | null
  defaults: Record<string, Value>
  fields: Selection[]
}

export interface Document {
  operations: Operation[]
  fragments: Map<string, Selection[]>
}

/** What the caller did wrong, before anything ran. Answered as HTTP 400. */
export class GraphqlRefusal extends Error {
  readonly at: Place | null

  constructor(message: string, at: Place | null = null) {
    super(message)
    this.at = at
  }
}

interface Token {
  kind: 'name' | 'number' | 'string' | 'punct' | 'end'
  text: string
  at: Place
}

export function parseDocument(source: string): Document {
  const tokens = tokensOf(source)
  let position = 0
  const peek = (): Token => tokens[position] as Token
  const take = (): Token => {
    const token = peek()
    if (token.kind !== 'end') position += 1
    return token
  }
  const is = (text: string) => peek().kind === 'punct' && peek().text === text
  const skip = (text: string): boolean => {
    if (!is(text)) return false
    position += 1
    return true
  }
  const unexpected = (token: Token): GraphqlRefusal =>
    new GraphqlRefusal(
      `Syntax Error: Unexpected ${token.kind === 'end' ? '<EOF>' : token.kind === 'name' ? `Name "${token.text}"` : `"${token.text}"`}.`,
      token.at,
    )
  const expect = (text: string): void => {
    if (!skip(text)) throw unexpected(peek())
  }
  const name = (): string => {
    if (peek().kind !== 'name') throw unexpected(peek())
    return take().text
  }

  function document(): Document {
    const found: Document = { operations: [], fragments: new Map() }
    while (peek().kind !== 'end') {
      if (is('{')) {
        found.operations.push({ kind: 'query', name: null, defaults: {}, fields: selections() })
      } else if (peek().text === 'fragment') {
        take()
        const fragment = name()
        if (name() !== 'on') throw unexpected(peek())
        name()
        directives()
        found.fragments.set(fragment, selections())
      } else if (peek().text === 'query' || peek().text === 'mutation') {
        const kind = take().text as 'query' | 'mutation'
        const operation = peek().kind === 'name' ? name() : null
        const defaults = variables()
        directives()
        found.operations.push({ kind, name: operation, defaults, fields: selections() })
      } else {
        throw unexpected(peek())
      }
    }
    if (found.operations.length === 0) throw unexpected(peek())
    return found
  }

  function variables(): Record<string, Value> {
    const defaults: Record<string, Value> = {}
    if (!skip('(')) return defaults
    while (!skip(')')) {
      expect('$')
      const variable = name()
      expect(':')
      type()
      if (skip('=')) defaults[variable] = value()
    }
    return defaults
  }

  function type(): void {
    if (skip('[')) {
      type()
      expect(']')
    } else {
      name()
    }
    skip('!')
  }

  function directives(): void {
    while (skip('@')) {
      name()
      if (is('(')) args()
    }
  }

  function selections(): Selection[] {
    expect('{')
    const found: Selection[] = []
    while (!skip('}')) {
      if (skip('...')) {
        if (peek().kind === 'name' && peek().text !== 'on') {
          found.push({ kind: 'spread', name: name() })
          directives()
        } else {
          if (peek().text === 'on') {
            take()
            name()
          }
          directives()
          found.push({ kind: 'inline', of: selections() })
        }
        continue
      }
      const at = peek().at
      let fieldName = name()
      const alias = fieldName
      if (skip(':')) fieldName = name()
      const given = is('(') ? args() : {}
      directives()
      found.push({
        kind: 'field',
        field: { name: fieldName, alias, args: given, fields: is('{') ? selections() : null, at },
      })
    }
    if (found.length === 0) throw unexpected(peek())
    return found
  }

  function args(): Record<string, Value> {
    expect('(')
    const found: Record<string, Value> = {}
    while (!skip(')')) {
      const argument = name()
      expect(':')
      found[argument] = value()
    }
    return found
  }

  function value(): Value {
    if (skip('$')) return { kind: 'variable', name: name() }
    if (skip('[')) {
      const items: Value[] = []
      while (!skip(']')) items.push(value())
      return { kind: 'list', items }
    }
    if (skip('{')) {
      const entries: Array<[string, Value]> = []
      while (!skip('}')) {
        const key = name()
        expect(':')
        entries.push([key, value()])
      }
      return { kind: 'object', entries }
    }
    const token = take()
    if (token.kind === 'string') return { kind: 'plain', value: token.text }
    if (token.kind === 'number') return { kind: 'plain', value: Number(token.text) }
    if (token.kind !== 'name') throw unexpected(token)
    const words: Record<string, unknown> = { true: true, false: false, null: null }
    // An enum value such as SECURE arrives as its name.
    return { kind: 'plain', value: Object.hasOwn(words, token.text) ? words[token.text] : token.text }
  }

  return document()
}

const tokenPattern =
  /([\s,\uFEFF]+|#[^\n\r]*)|("""[\s\S]*?"""|"(?:\\.|[^"\\\n])*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|([_A-Za-z]\w*)|(\.\.\.|[!$&()[\]{}:=@|])/y

function tokensOf(source: string): Token[] {
  const tokens: Token[] = []
  let line = 1
  let lineStart = 0
  let at = 0
  while (at < source.length) {
    tokenPattern.lastIndex = at
    const match = tokenPattern.exec(source)
    const place = { line, column: at - lineStart + 1 }
    if (!match) throw new GraphqlRefusal(`Syntax Error: Unexpected character: "${source[at]}".`, place)
    const [whole, , text, number, name] = match
    if (text !== undefined) tokens.push({ kind: 'string', text: stringOf(text), at: place })
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, at: place })
    else if (name !== undefined) tokens.push({ kind: 'name', text: name, at: place })
    else if (match[5] !== undefined) tokens.push({ kind: 'punct', text: match[5], at: place })
    for (let index = at; index < at + whole.length; index += 1) {
      if (source[index] === '\n') {
        line += 1
        lineStart = index + 1
      }
    }
    at += whole.length
  }
  tokens.push({ kind: 'end', text: '', at: { line, column: at - lineStart + 1 } })
  return tokens
}

function stringOf(literal: string): string {
  if (literal.startsWith('"""')) return literal.slice(3, -3).trim()
  try {
    return JSON.parse(literal) as string
  } catch {
    throw new GraphqlRefusal(`Syntax Error: Invalid string ${literal}.`)
  }
}

/** The fields that an operation selects, fragments written out. */
export function fieldsOf(document: Document, selections: readonly Selection[], depth = 0): Field[] {
  if (depth > 20) throw new GraphqlRefusal('Cannot spread fragment within itself.')
  return selections.flatMap((selection) => {
    if (selection.kind === 'field') return [selection.field]
    if (selection.kind === 'inline') return fieldsOf(document, selection.of, depth + 1)
    const fragment = document.fragments.get(selection.name)
    if (!fragment) throw new GraphqlRefusal(`Unknown fragment "${selection.name}".`)
    return fieldsOf(document, fragment, depth + 1)
  })
}

export interface TypeTable {
  [type: string]: Record<string, FieldType>
}

/** `of` names the type that a field leads to; without it the field is a scalar. */
export interface FieldType {
  of?: string
  /** Known keys of the `input` argument; a field without it takes no arguments. */
  input?: readonly string[]
  inputName?: string
  inputRequired?: boolean
}

/** @throws GraphqlRefusal on the first thing that the type table does not know */
export function checkFields(types: TypeTable, document: Document, on: string, fields: readonly Field[]): void {
  for (const field of fields) {
    if (field.name === '__typename') continue
    const type = types[on]?.[field.name]
    if (!type) throw new GraphqlRefusal(`Cannot query field "${field.name}" on type "${on}".`, field.at)
    checkArguments(type, on, field)
    if (type.of === undefined) {
      if (field.fields)
        throw new GraphqlRefusal(
          `Field "${field.name}" must not have a selection since type "${field.name}" has no subfields.`,
          field.at,
        )
      continue
    }
    if (!field.fields)
      throw new GraphqlRefusal(
        `Field "${field.name}" of type "${type.of}" must have a selection of subfields. Did you mean "${field.name} { ... }"?`,
        field.at,
      )
    checkFields(types, document, type.of, fieldsOf(document, field.fields))
  }
}

function checkArguments(type: FieldType, on: string, field: Field): void {
  for (const [name, value] of Object.entries(field.args)) {
    if (name !== 'input' || !type.input)
      throw new GraphqlRefusal(`Unknown argument "${name}" on field "${on}.${field.name}".`, field.at)
    if (value.kind !== 'object') continue
    const unknown = value.entries.find(([key]) => !type.input?.includes(key))
    if (unknown) throw new GraphqlRefusal(`Field "${unknown[0]}" is not defined by type "${type.inputName}".`, field.at)
  }
  if (type.inputRequired && !field.args.input)
    throw new GraphqlRefusal(
      `Field "${field.name}" argument "input" of type "${type.inputName}" is required, but it was not provided.`,
      field.at,
    )
}

/** A value with its variables filled in; one that was not sent is `undefined`. */
export function argumentValue(value: Value | undefined, variables: Record<string, unknown>): unknown {
  if (!value) return undefined
  switch (value.kind) {
    case 'plain':
      return value.value
    case 'variable':
      return variables[value.name]
    case 'list':
      return value.items.map((item) => argumentValue(item, variables))
    case 'object':
      return Object.fromEntries(value.entries.map(([key, item]) => [key, argumentValue(item, variables)]))
  }
}

/** What a resolver gives for a field: a value, or a function of the field's input. */
export type Resolved = unknown | ((input: Record<string, unknown>) => unknown)

/** Only the fields asked for, under the names asked for. */
export function shaped(
  document: Document,
  selections: readonly Selection[],
  value: unknown,
  variables: Record<string, unknown>,
): unknown {
  if (value === null || value === undefined) return null
  if (Array.isArray(value)) return value.map((item) => shaped(document, selections, item, variables))
  const source = value as Record<string, Resolved>
  const answer: Record<string, unknown> = {}
  for (const field of fieldsOf(document, selections)) {
    const given = source[field.name]
    const input = (argumentValue(field.args.input, variables) ?? {}) as Record<string, unknown>
    const found: unknown = typeof given === 'function' ? (given as (input: unknown) => unknown)(input) : (given ?? null)
    const shape = field.fields ? shaped(document, field.fields, found, variables) : found
    answer[field.alias] = mergedWith(answer[field.alias], shape)
  }
  return answer
}

/** The same field asked for twice answers both selections. */
function mergedWith(before: unknown, now: unknown): unknown {
  const objects = [before, now].every((one) => typeof one === 'object' && one !== null && !Array.isArray(one))
  return objects ? { ...(before as object), ...(now as object) } : now
}
