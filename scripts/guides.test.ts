import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = dirname(import.meta.dirname)
const guides = globSync('**/*.md', { cwd: root, exclude: (path) => /node_modules|^data\//.test(String(path)) })

test('every path and link that a guide mentions exists', () => {
  expect(guides.length).toBeGreaterThan(10)
  const missing = guides.flatMap((guide) => {
    const text = readFileSync(join(root, guide), 'utf8')
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, link = '']) =>
      resolve(root, dirname(guide), link),
    )
    const paths = [...text.matchAll(/`((?:server|sdk|cli|web|simulators|e2e|scripts|docs)\/[\w./-]+)`/g)]
      .map(([, path = '']) => path)
      .filter((path) => !/[<>*…]/.test(path))
      .map((path) => join(root, path))
    return [...links, ...paths]
      .filter((path) => !existsSync(path))
      .map((path) => `${guide}: ${path.slice(root.length + 1)}`)
  })
  expect(missing).toEqual([])
})

test('every npm script that a guide mentions exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const unknown = guides.flatMap((guide) =>
    [...readFileSync(join(root, guide), 'utf8').matchAll(/npm run (?:-s |--silent )?([\w-]+(?::[\w-]+)*)/g)]
      .map(([, name = '']) => name)
      .filter((name) => scripts[name] === undefined)
      .map((name) => `${guide}: npm run ${name}`),
  )
  expect(unknown).toEqual([])
})
