import type { Command } from 'commander'
import { type Change, type ChangeOptions, changeInstance, takesChange } from '../change-instance.ts'
import { nameOf } from '../instance-lines.ts'
import type { Runner } from '../runner.ts'
import { isZero, perHour, usd } from '../text/money.ts'

export function addTerminate(program: Command, run: Runner): void {
  const command = program
    .command('terminate')
    .summary('end an instance for good, with its disk')
    .description(
      'End an instance for good, with its disk. Waits until the marketplace has confirmed that nothing is left.',
    )
  takesChange(command, change.waitingFor)
    .option('--force', 'at once: without running its checkpoint command, or waiting for it')
    .action((name: string, { force, ...options }: ChangeOptions & { force?: boolean }) =>
      run((context) => changeInstance(name, options, force === true ? forced : change, context)),
    )
}

const change: Change = {
  order: (id, { client }) => client.terminateInstance(id),
  ordered: (instance) => `Ending ${nameOf(instance)}. It may be billed until the marketplace confirms.`,
  waitingFor: 'confirmed',
  until: new Set(['terminated', 'failed']),
  outcome(instance, { before }) {
    const { status, cost_so_far_usd: cost, cost_per_hour_usd: rate } = instance
    const name = nameOf(instance)
    const ended = before ? `${name} had ${status === 'failed' ? 'failed' : 'ended'} before` : `${name} has ended`
    return isZero(rate)
      ? { good: true, lines: [`${ended}. It cost at most ${usd(cost)}; nothing of it is billed any more.`] }
      : {
          good: false,
          lines: [
            `${ended}, but a machine of it is still billed, ${perHour(rate)}.`,
            `The server goes on ending it; look again with: gpufleet show ${instance.id}`,
          ],
        }
  },
}

const forced: Change = { ...change, order: (id, { client }) => client.terminateInstance(id, { force: true }) }
