/** What the guides mention and there is not. */

import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const places = 'server|sdk|cli|web|simulators|e2e|scripts|docs|deploy'

export function guidesIn(root: string): string[] {
  return globSync('**/*.md', { cwd: root, exclude: (path) => /node_modules|^data\//.test(String(path)) })
}

/** @returns `guide: target` for each link, anchor and path in backticks that leads nowhere */
export function deadLinksIn(root: string): string[] {
  return guidesIn(root).flatMap((guide) => {
    const text = readFileSync(join(root, guide), 'utf8')
    return [...deadLinks(guide, text, root), ...missingPaths(text, root)].map((target) => `${guide}: ${target}`)
  })
}

/** The files that a guide links to, from `root`. */
export function linksFrom(guide: string, root: string): string[] {
  return linksOf(readFileSync(join(root, guide), 'utf8')).map(({ file }) =>
    relative(root, resolve(root, dirname(guide), file)),
  )
}

function deadLinks(guide: string, text: string, root: string): string[] {
  return linksOf(text).flatMap(({ file, anchor }) => {
    const target = file === '' ? join(root, guide) : resolve(root, dirname(guide), file)
    const named = `${file}${anchor === undefined ? '' : `#${anchor}`}`
    if (!existsSync(target)) return [named]
    if (anchor === undefined || !target.endsWith('.md')) return []
    return anchorsOf(readFileSync(target, 'utf8')).includes(anchor) ? [] : [named]
  })
}

function missingPaths(text: string, root: string): string[] {
  return [...text.matchAll(new RegExp(`\`((?:${places})/[\\w./-]+)\``, 'g'))]
    .map(([, path = '']) => path)
    .filter((path) => !existsSync(join(root, path)))
}

function linksOf(text: string): { file: string; anchor: string | undefined }[] {
  return [...withoutCode(text).matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(
    ([, file = '', anchor]) => ({ file, anchor }),
  )
}

/** As GitHub makes them from headings. */
function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>()
  return [...withoutCode(text).matchAll(/^#{1,6} +(.*?) *$/gm)].map(([, heading = '']) => {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const slug = plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-')
    const before = seen.get(slug) ?? 0
    seen.set(slug, before + 1)
    return before === 0 ? slug : `${slug}-${before}`
  })
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '')
}
