/** What the checks of contract 004 share: one client against its simulator, on a clock that moves when told to. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Case, cases } from '../../server/src/providers/contract/cases.ts'
import { apiKey, aRig, type Rig } from '../../server/src/providers/contract/rig.ts'
import { root } from '../kit/server-process.ts'
import { type PromiseId, superseded } from './check.ts'
import { expectThat, type Lab } from './lab.ts'

export const everything = { models: [], markets: ['on_demand', 'spot'], diskGb: 50 } as const
export const minute = 60_000

export function caseNamed(name: string): Case {
  const found = cases.find((one) => one.name === name)
  if (found === undefined) throw new Error(`no client is called ${name}`)
  return found
}

export function rigOf(name: string): Rig {
  return aRig(caseNamed(name))
}

/** The failure that the work ends with, and its sentence. */
export async function trouble(rig: Rig, work: Promise<unknown>): Promise<{ kind: string; message: string }> {
  return rig.done(
    work.then(
      () => ({ kind: 'done', message: '' }),
      (error: { kind?: string; message: string }) => ({ kind: error.kind ?? 'unknown', message: error.message }),
    ),
  )
}

/** What the marketplace itself answers, as it stands on the wire. */
// biome-ignore lint/suspicious/noExplicitAny: a marketplace's own answer
export function raw(rig: Rig, method: string, path: string, body?: unknown): any {
  const reply = rig.simulator.handle({
    method,
    path,
    query: new URLSearchParams(),
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', 'user-agent': 'acceptance' },
    body: body === undefined ? '' : JSON.stringify(body),
  })
  return JSON.parse(reply.body)
}

/** Requests since the rig began: `PUT /api/v0/asks/30001172/`. */
export function sentLines(rig: Rig): string[] {
  return rig.sent.map(({ method, url }) => `${method} ${new URL(url).pathname}`)
}

/** The last request that matches. */
export function lastSent(rig: Rig, pattern: RegExp) {
  const found = rig.sent.findLast(({ method, url }) => pattern.test(`${method} ${new URL(url).pathname}`))
  expectThat(found, `nothing was sent that matches ${pattern}: ${sentLines(rig).join(', ')}`)
  return { ...found, json: found.body === undefined ? undefined : JSON.parse(found.body) }
}

export function fileText(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** A marketplace that answers this to whatever is asked on the path. */
export function answering(rig: Rig, path: string, body: unknown): void {
  rig.fault({ kind: 'status', status: 200, path, body: JSON.stringify(body) })
}

/** Rows of the README's table about contract 004: id, then, now, source, date. */
export function supersededRows(provider: string): string[][] {
  const text = fileText(`server/src/providers/${provider}/README.md`)
  const [, section = ''] = text.split('## What contract 004 says, and what is so today')
  const rows = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => /^\| (S004|–)/.test(line))
  return rows.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/**
 * A promise that the marketplace has overtaken: what is so today stands in the provider's README with source and date, and
 * the check fails when it does not.
 */
export function overtaken(provider: string, ids: PromiseId | readonly PromiseId[], run: (lab: Lab) => Promise<string>) {
  const all = [ids].flat() as PromiseId[]
  const [, , now, source, date] = rowFor(provider, all[0] ?? '') ?? []
  return superseded(all, `${now} (${source}, ${date})`, async (lab) => {
    for (const id of all) documented(provider, id)
    return run(lab)
  })
}

/** The README's row about a promise has what was, what is, a source and a date. */
export function documented(provider: string, id: PromiseId): void {
  const row = rowFor(provider, id)
  expectThat(row, `the README of ${provider} says nothing about ${id}`)
  const [, before = '', now = '', source = '', date = ''] = row
  expectThat(before.length > 5 && now.length > 10 && source.length > 5, `${id}: ${row.join(' | ')}`)
  expectThat(/^20\d\d-\d\d/.test(date), `${id} has no date: ${date}`)
}

function rowFor(provider: string, id: string): string[] | undefined {
  return supersededRows(provider).find(([ids = '']) => ids.split(', ').includes(id))
}
