import type { Event } from '@gpufleet/sdk/api'
import type { Command } from 'commander'
import { eventLine } from '../event-lines.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { findInstance } from '../find-instance.ts'
import { whole } from '../inputs.ts'
import type { Runner } from '../runner.ts'
import type { Context } from '../world.ts'

export interface EventsOptions {
  follow?: boolean
  after?: number
}

const pageSize = 1_000

export function addEvents(program: Command, run: Runner): void {
  program
    .command('events')
    .summary('what happened to an instance; without one, follow what happens')
    .description(
      'What happened to an instance, oldest first; with --follow, what happens next as well. Without an instance it follows all of them, until Ctrl-C.',
    )
    .argument('[instance]', 'its id, the beginning of its id, or its label')
    .option('-f, --follow', 'go on with what happens next')
    .option('--after <id>', 'only what came after this event; 0 for all', whole)
    .action((name: string | undefined, options: EventsOptions) => run((context) => events(name, options, context)))
}

/** With --json one line per event, so that a list and a stream read alike. */
export async function events(name: string | undefined, options: EventsOptions, context: Context): Promise<ExitCode> {
  const { client, interrupted, json, out, err, paint, warn } = context
  const say = (event: Event) => {
    out(json ? JSON.stringify(event) : eventLine(event, { paint, withInstance: name === undefined }))
  }

  const instanceId = name === undefined ? undefined : (await findInstance(name, context)).id
  let after = options.after
  if (instanceId !== undefined) after = await listed(instanceId, options.after ?? 0, say, client)
  if (instanceId !== undefined && options.follow !== true) return exitCodes.ok

  let lost = false
  if (!json) err('Following what happens; Ctrl-C ends it.')
  for await (const event of client.streamEvents({
    instanceId,
    after,
    signal: interrupted,
    onLost: ({ message }) => {
      if (!lost) warn(`${message}; trying again …`)
      lost = true
    },
  })) {
    lost = false
    say(event)
  }
  return exitCodes.interrupted
}

/** Everything so far, page by page; answers the id of the last. */
async function listed(
  id: string,
  from: number,
  say: (event: Event) => void,
  client: Pick<Context['client'], 'listInstanceEvents'>,
): Promise<number> {
  for (let after = from; ; ) {
    const { data } = await client.listInstanceEvents(id, { after, limit: pageSize })
    for (const event of data) say(event)
    after = data.at(-1)?.id ?? after
    if (data.length < pageSize) return after
  }
}
