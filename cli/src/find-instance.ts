import type { Client } from '@gpufleet/sdk'
import type { Instance } from '@gpufleet/sdk/api'
import { exitCodes } from './exit-codes.ts'
import { CliError, wrongUsage } from './failures.ts'
import { roughly } from './text/time.ts'

const pageSize = 200
/** Of a prefix; with fewer it would too often mean another one tomorrow. */
const fewestCharacters = 4

/**
 * The instance that a name means: an id, a label, or the beginning of an id (with or without `inst_`). What is still
 * alive comes before what has ended.
 */
export async function findInstance(
  name: string,
  { client, now }: { client: Pick<Client, 'getInstance' | 'listInstances'>; now: () => number },
): Promise<Instance> {
  if (/^inst_[0-9a-z]{16}$/.test(name)) return (await client.getInstance(name)).data

  for (const status of ['active', undefined]) {
    const labelled = await all({ status, label: name }, client)
    if (labelled.length > 0) return onlyOne(name, labelled, now)
    const begun = isPrefix(name) ? await all({ status }, client) : []
    const matching = begun.filter(({ id }) => id.startsWith(name) || id.startsWith(`inst_${name}`))
    if (matching.length > 0) return onlyOne(name, matching, now)
  }
  throw new CliError(
    `there is no instance with the id or the label "${name}"`,
    '`gpufleet list --all` shows the ones there are',
    exitCodes.notFound,
  )
}

function isPrefix(name: string): boolean {
  const plain = name.replace(/^inst_/, '')
  return plain.length >= fewestCharacters && /^[0-9a-z]+$/.test(plain)
}

function onlyOne(name: string, found: readonly Instance[], now: () => number): Instance {
  const [first, ...others] = found
  if (first === undefined) throw new Error(`nothing was found for ${name}`)
  if (others.length === 0) return first
  const shown = found.slice(0, 5).map(({ id, status, created_at: createdAt }) => {
    return `${id} (${status}, launched ${roughly(now() - Date.parse(createdAt))} ago)`
  })
  const more = found.length > shown.length ? ', …' : ''
  throw wrongUsage(`${found.length} instances are meant by "${name}": ${shown.join(', ')}${more}`, 'name one by its id')
}

async function all(
  query: { status?: string | undefined; label?: string | undefined },
  client: Pick<Client, 'listInstances'>,
): Promise<Instance[]> {
  const found: Instance[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await client.listInstances({ ...query, limit: pageSize, cursor })
    found.push(...page.data)
    if (page.next_cursor === null) return found
    cursor = page.next_cursor
  }
}
