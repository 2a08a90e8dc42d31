/** Reads a Dockerfile as far as can be judged without an engine, and lays out by hand the files that its image would hold. */

import { cpSync, existsSync, globSync, mkdirSync, statSync, symlinkSync } from 'node:fs'
import { basename, dirname, join, matchesGlob } from 'node:path'
import { root } from '../kit/server-process.ts'

export interface Instruction {
  word: string
  text: string
}

/** What the last stage says. */
export interface Image {
  stages: Instruction[][]
  user: string | undefined
  environment: Record<string, string>
  /** Program and arguments. */
  command: string[]
  healthCheck: string[]
}

export function imageOf(dockerfile: string): Image {
  const stages: Instruction[][] = []
  for (const instruction of instructionsOf(dockerfile)) {
    if (instruction.word === 'FROM') stages.push([])
    stages.at(-1)?.push(instruction)
  }
  const last = stages.at(-1) ?? []
  const lastText = (word: string) => last.findLast((one) => one.word === word)?.text
  return {
    stages,
    user: lastText('USER'),
    environment: Object.fromEntries(
      last
        .filter(({ word }) => word === 'ENV')
        .flatMap(({ text }) => text.split(/\s+/).map((pair) => pair.split('=', 2) as [string, string])),
    ),
    command: wordsOf(lastText('CMD')),
    healthCheck: wordsOf(/CMD (\[.*)$/.exec(lastText('HEALTHCHECK') ?? '')?.[1]),
  }
}

/** What is wrong with it. */
export function mistakesIn(dockerfile: string, dockerignore: string): string[] {
  const { stages, user, command, healthCheck } = imageOf(dockerfile)
  const all = stages.flat()
  const last = stages.at(-1) ?? []
  const names = new Set(stages.flatMap((stage) => / AS (\S+)$/i.exec(stage[0]?.text ?? '')?.[1] ?? []))
  const copied = copiesOf(last).flatMap(({ sources, target }) =>
    sources.map((source) => (target.endsWith('/') ? join(target, basename(source)) : target)),
  )
  const isInImage = (file: string) => copied.some((path) => file === path || file.startsWith(`${path}/`))
  return [
    ...all
      .filter(({ word, text }) => word === 'FROM' && !/^[\w./-]+:[\w.-]*\d[\w.-]*( AS \w+)?$/.test(text))
      .map(({ text }) => `FROM ${text} names no version`),
    ...stages.flatMap((stage) =>
      copiesOf(stage).flatMap(({ from, sources }) =>
        from === undefined
          ? sources.flatMap((source) => complaintAbout(source, dockerignore))
          : names.has(from)
            ? []
            : [`COPY --from=${from}: no such stage`],
      ),
    ),
    ...(user === undefined || /^(root|0)(:|$)/.test(user) ? ['it runs as root: USER is missing'] : []),
    ...(healthCheck.length === 0 ? ['HEALTHCHECK is missing, or not in its exec form'] : []),
    ...(command.length === 0 ? ['CMD is missing, or not in its exec form'] : []),
    ...[command, healthCheck]
      .map((words) => words.at(-1) ?? '')
      .filter((file) => file !== '' && (!isInImage(file) || !existsSync(join(root, file))))
      .map((file) => `${file} is started and not in the image`),
    ...all
      .filter(({ word, text }) => /^(ENV|ARG)$/.test(word) && /(KEY|SECRET|TOKEN|PASSWORD)\w*=/.test(text))
      .map(({ text }) => `a secret in the image: ${text}`),
    // Engines before 23 build without BuildKit unless told otherwise.
    ...all
      .filter(
        ({ word, text }) => (word === 'RUN' && /^--|<</.test(text)) || (word === 'COPY' && /--(link|chmod)/.test(text)),
      )
      .map(({ word, text }) => `${word} ${text} takes BuildKit`),
  ]
}

/**
 * Copies what the last stage copies into `folder`. The packages that an earlier one installs are linked: they are those of the
 * repository.
 */
export function layOut(dockerfile: string, dockerignore: string, folder: string): void {
  const { stages } = imageOf(dockerfile)
  for (const { from, sources, target } of copiesOf(stages.at(-1) ?? [])) {
    for (const source of sources) {
      if (from === undefined) put(source, target)
      else if (source === '/app') putInstalled()
      else symlinkSync(join(root, source.replace('/app/', '')), join(folder, target))
    }
  }

  function putInstalled(): void {
    for (const { sources, target } of stages.slice(0, -1).flatMap(copiesOf)) {
      for (const source of sources) put(source, target)
    }
    for (const packages of globSync(['node_modules', '*/node_modules'], { cwd: root })) {
      symlinkSync(join(root, packages), join(folder, packages))
    }
  }

  function put(source: string, target: string): void {
    const place = join(folder, target.endsWith('/') ? join(target, basename(source)) : target)
    mkdirSync(dirname(place), { recursive: true })
    cpSync(join(root, source), place, { recursive: true, filter: (path) => !isIgnored(path, dockerignore) })
  }
}

function instructionsOf(dockerfile: string): Instruction[] {
  const whole = dockerfile
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
  return whole
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, word = '', text = ''] = /^\s*(\w+)\s+(.*?)\s*$/.exec(line) ?? []
      return { word: word.toUpperCase(), text: text.replaceAll(/\s+/g, ' ') }
    })
}

function copiesOf(stage: readonly Instruction[]): { from: string | undefined; sources: string[]; target: string }[] {
  return stage
    .filter(({ word }) => word === 'COPY' || word === 'ADD')
    .map(({ text }) => {
      const words = text.split(' ').filter((word) => !word.startsWith('--'))
      return { from: /--from=(\S+)/.exec(text)?.[1], sources: words.slice(0, -1), target: words.at(-1) ?? '' }
    })
}

function complaintAbout(source: string, dockerignore: string): string[] {
  if (!existsSync(join(root, source))) return [`COPY ${source}: no such file`]
  if (isIgnored(join(root, source), dockerignore)) return [`COPY ${source}: .dockerignore keeps it back`]
  if (!statSync(join(root, source)).isDirectory()) return []
  const some = globSync('**/*.{ts,json,html}', { cwd: join(root, source), exclude: ['node_modules'] })
  return some.some((file) => !isIgnored(join(root, source, file), dockerignore))
    ? []
    : [`COPY ${source}: .dockerignore keeps all of it back`]
}

/** The last pattern that matches a path, or a folder it is in, decides. */
function isIgnored(path: string, dockerignore: string): boolean {
  const relative = path.slice(root.length + 1)
  if (relative === '') return false
  const parents = relative.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'))
  let ignored = false
  for (const line of dockerignore.split('\n').map((one) => one.trim())) {
    if (line === '' || line.startsWith('#')) continue
    const pattern = line.replace(/^!/, '')
    if (parents.some((part) => matchesGlob(part, pattern))) ignored = !line.startsWith('!')
  }
  return ignored
}

function wordsOf(text: string | undefined): string[] {
  return text?.startsWith('[') ? (JSON.parse(text) as string[]) : []
}
