import type { Command } from 'commander'
import { type Change, type ChangeOptions, changeInstance, takesChange } from '../change-instance.ts'
import { nameOf } from '../instance-lines.ts'
import type { Runner } from '../runner.ts'
import { isZero, perHour } from '../text/money.ts'
import { sentence } from '../text/words.ts'

export function addStop(program: Command, run: Runner): void {
  const command = program
    .command('stop')
    .summary('stop an instance and keep its disk, which is still billed')
    .description('Stop an instance and keep its disk, where the marketplace can. The disk is still billed.')
  takesChange(command, change.waitingFor).action((name: string, options: ChangeOptions) =>
    run((context) => changeInstance(name, options, change, context)),
  )
}

const change: Change = {
  order: (id, { client }) => client.stopInstance(id),
  ordered: (instance) => `Stopping ${nameOf(instance)}. Its GPU is billed until the marketplace confirms.`,
  waitingFor: 'stopped',
  until: new Set(['stopped', 'failed', 'terminated']),
  outcome(instance) {
    if (instance.status !== 'stopped') {
      return { good: false, lines: [sentence(`${nameOf(instance)} is ${instance.status}: ${instance.because_text}`)] }
    }
    const { cost_per_hour_usd: rate, id } = instance
    const billed = isZero(rate) ? 'Nothing is billed for it' : `Its disk is still billed, ${perHour(rate)}`
    return {
      good: true,
      lines: [
        `Stopped ${nameOf(instance)}. ${billed}.`,
        `Go on with: gpufleet start ${id}, or end it with: gpufleet terminate ${id}`,
      ],
    }
  },
}
