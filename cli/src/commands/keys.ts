import type { ApiKey } from '@gpufleet/sdk/api'
import { type Command, Option } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { wrongUsage } from '../failures.ts'
import type { Runner } from '../runner.ts'
import { table } from '../text/table.ts'
import { ago } from '../text/time.ts'
import { type Context, printJson } from '../world.ts'

interface CreateOptions {
  role: ApiKey['role']
  project?: string
  expires?: string
}

export function addKeys(program: Command, run: Runner): void {
  const keys = program.command('keys').summary('the API keys: who may do what here')
  keys
    .command('list', { isDefault: true })
    .summary('the keys there are, without the keys themselves')
    .option('--revoked', 'those that were revoked as well')
    .action((options: { revoked?: boolean }) => run((context) => list(options, context)))
  keys
    .command('create')
    .summary('make a key; it is shown this once')
    .argument('<name>', 'what the audit log calls its holder')
    .addOption(
      new Option('--role <role>', 'viewer: looks; operator: also acts on instances; admin: everything')
        .choices(['viewer', 'operator', 'admin'])
        .default('viewer'),
    )
    .option('--project <project>', 'the only project that it opens')
    .option('--expires <time>', 'from then on it opens nothing: 2027-01-31, or with a time')
    .action((name: string, options: CreateOptions) => run((context) => create(name, options, context)))
  keys
    .command('rotate')
    .summary('give a key a new secret; the old one opens nothing from now on')
    .argument('<key>', 'its name or id')
    .action((name: string) => run((context) => rotate(name, context)))
  keys
    .command('revoke')
    .summary('revoke a key: it opens nothing from now on')
    .argument('<key>', 'its name or id')
    .action((name: string) => run((context) => revoke(name, context)))
  keys
    .command('whoami')
    .summary('who you are here, and what you may do')
    .action(() => run(whoami))
}

async function list({ revoked }: { revoked?: boolean }, context: Context): Promise<ExitCode> {
  const { client, json, out, now } = context
  const { data } = await client.listKeys({ revoked: revoked === true ? 'true' : undefined })
  if (json) {
    printJson(data, context)
    return exitCodes.ok
  }
  if (data.length === 0) {
    out('No keys. Make one with: gpufleet keys create <name>')
    return exitCodes.ok
  }
  const when = (time: string | null) => (time === null ? '-' : ago(time, now()))
  const lines = table(
    [
      { head: 'NAME' },
      { head: 'ROLE' },
      { head: 'PROJECT' },
      { head: 'MADE' },
      { head: 'LAST USED' },
      { head: 'EXPIRES' },
      { head: 'ID' },
    ],
    data.map((key) => [
      key.revoked_at === null ? key.name : `${key.name} (revoked)`,
      key.role,
      key.project ?? 'all',
      when(key.created_at),
      when(key.last_used_at),
      key.expires_at ?? 'never',
      key.id,
    ]),
    context,
  )
  for (const line of lines) out(line)
  return exitCodes.ok
}

async function create(name: string, { role, project, expires }: CreateOptions, context: Context): Promise<ExitCode> {
  const { data } = await context.client.createKey({
    name,
    role,
    ...(project !== undefined && { project }),
    ...(expires !== undefined && { expires_at: timeFrom(expires) }),
  })
  return show(data, context)
}

async function rotate(name: string, context: Context): Promise<ExitCode> {
  const { id } = await find(name, context)
  const { data } = await context.client.rotateKey(id, {})
  return show(data, context)
}

async function revoke(name: string, context: Context): Promise<ExitCode> {
  const { id } = await find(name, context)
  const { data } = await context.client.revokeKey(id)
  if (context.json) printJson(data, context)
  else context.out(`Key ${data.name} is revoked.`)
  return exitCodes.ok
}

async function whoami(context: Context): Promise<ExitCode> {
  const { data } = await context.client.whoami()
  if (context.json) printJson(data, context)
  else
    context.out(`${data.name}: ${data.role} of ${data.project === null ? 'all projects' : `project ${data.project}`}`)
  return exitCodes.ok
}

/** The key alone on standard output, so that it can be piped; what to know about it beside it. */
function show(data: ApiKey & { key: string }, context: Context): ExitCode {
  if (context.json) {
    printJson(data, context)
    return exitCodes.ok
  }
  const reach = data.project === null ? 'all projects' : `project ${data.project}`
  context.warn(`this is shown only now: the key ${data.name}, ${data.role} of ${reach}`)
  context.out(data.key)
  return exitCodes.ok
}

async function find(name: string, { client }: Context): Promise<ApiKey> {
  const { data } = await client.listKeys()
  const found = data.find((key) => key.id === name || key.name === name)
  if (found !== undefined) return found
  throw wrongUsage(`there is no key ${name}`, 'gpufleet keys list shows the ones there are')
}

function timeFrom(text: string): string {
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw wrongUsage(`${text} is no time`, 'say it like 2027-01-31 or 2027-01-31T12:00:00Z')
  return new Date(at).toISOString()
}
