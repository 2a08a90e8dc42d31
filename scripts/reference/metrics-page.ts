import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { madeFrom, root, rows } from './page.ts'

interface Declared {
  name: string
  type: string
  help: string
  labels: readonly string[]
}

const types = new Set(['counter', 'gauge', 'histogram'])

/** docs/reference/metrics.md: every metric that some file declares with `metrics.counter`, `.gauge` or `.histogram`. */
export function metricsPage(): string {
  const files = globSync('server/src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'))
  const declared = files.flatMap((file) => declaredIn(file)).sort((one, other) => (one.name < other.name ? -1 : 1))
  return [
    '# Metrics',
    madeFrom('the declarations in server/src'),
    '`GET /metrics` answers them for Prometheus; `ENABLE_METRICS=false` closes it, and where a key is needed it takes one of all projects. Names end in their unit. The usual `process_` and `nodejs_` metrics of the process are there as well.',
    rows(
      ['metric', 'type', 'labels', 'what it counts'],
      declared.map(({ name, type, help, labels }) => [`\`${name}\``, type, labels.join(', '), help]),
    ),
  ]
    .join('\n\n')
    .concat('\n')
}

function declaredIn(file: string): Declared[] {
  const text = readFileSync(join(root, file), 'utf8')
  if (!text.includes("'gpufleet_")) return []
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found: Declared[] = []
  visit(source, (node) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return
    const type = node.expression.name.text
    const [name, help, labels] = node.arguments
    if (!types.has(type) || name === undefined || !ts.isStringLiteral(name)) return
    if (help === undefined || !ts.isStringLiteralLike(help) || labels === undefined) {
      throw new Error(`${file}: the help and the labels of ${name.text} have to be there to read`)
    }
    found.push({ name: name.text, type, help: help.text, labels: words(labels, source) })
  })
  return found
}

/** The words of a list that stands there, or that a constant of the same file holds. */
function words(node: ts.Expression, source: ts.SourceFile): string[] {
  if (ts.isArrayLiteralExpression(node)) return node.elements.filter(ts.isStringLiteral).map(({ text }) => text)
  let held: ts.Expression | undefined
  visit(source, (one) => {
    if (ts.isVariableDeclaration(one) && one.name.getText() === node.getText()) held = one.initializer
  })
  if (held === undefined) throw new Error(`${source.fileName}: what are the labels ${node.getText()}?`)
  return words(ts.isAsExpression(held) ? held.expression : held, source)
}

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node)
  ts.forEachChild(node, (child) => visit(child, look))
}
