import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { settings } from '../server/src/config/settings.ts'
import { deadLinksIn, guidesIn, linksFrom } from './guide-links.ts'

const root = dirname(import.meta.dirname)
const guides = guidesIn(root)
const known = new Set(settings.flatMap(({ name, aliases = [] }) => [name, ...aliases]))

test('every path, link and anchor that a guide mentions exists', () => {
  expect(guides.length).toBeGreaterThan(10)
  expect(deadLinksIn(root)).toEqual([])
})

test('docs/README.md leads to every page', () => {
  const linked = linksFrom('docs/README.md', root)
  const pages = guides.filter((guide) => guide.startsWith('docs/') && !guide.startsWith('docs/decisions/'))
  expect(pages.filter((page) => page !== 'docs/README.md' && !linked.includes(page))).toEqual([])
})

test('a link, an anchor and a path that lead nowhere are named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'guides-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'a.md'), '# One thing\n[b](b.md) [here](#one-thing) [web](https://example.com)\n')
  writeFileSync(join(folder, 'b.md'), '[x](x.md) [a](a.md#one-thing) [c](a.md#another) `docs/gone.md`\n')
  expect(deadLinksIn(folder)).toEqual(['b.md: x.md', 'b.md: a.md#another', 'b.md: docs/gone.md'])
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

test('every message that the troubleshooting page explains is one of ours', () => {
  const page = readFileSync(join(root, 'docs/TROUBLESHOOTING.md'), 'utf8')
  const shown = page.split('\n').flatMap((line) => {
    if (line.startsWith('#')) return [...line.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text)
    return /^\| `([^`]+)`/.exec(line)?.[1] ?? []
  })
  const messages = shown.filter((text) => text.split(' ').length > 2)
  const sources = globSync('{server/src,cli/src,scripts}/**/*.{ts,mjs}', { cwd: root })
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(root, file), 'utf8'))
    .join('\n')
  const unknown = messages.filter((message) => message.split('…').some((part) => !sources.includes(part.trim())))
  expect(messages.length).toBeGreaterThan(15)
  expect(unknown).toEqual([])
})

test('every metric and setting that a guide mentions exists', () => {
  const metrics = readFileSync(join(root, 'docs/reference/metrics.md'), 'utf8')
  const unknown = guides
    .filter((guide) => /^(docs\/[^/]*|docs\/how-to\/.*|README)\.md$/.test(guide))
    .flatMap((guide) => {
      const text = readFileSync(join(root, guide), 'utf8')
      const named = [...new Set(text.match(/\bgpufleet_[a-z_]+[a-z]\b/g))].filter(
        (one) => !metrics.includes(`\`${one}\``),
      )
      const set = [...text.matchAll(/^([A-Z][A-Z_]{2,})=/gm)].map(([, name = '']) => name)
      return [...named, ...set.filter((name) => !known.has(name))].map((name) => `${guide}: ${name}`)
    })
  expect(unknown).toEqual([])
})
