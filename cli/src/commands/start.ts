import type { Command } from 'commander'
import { type Change, type ChangeOptions, changeInstance, takesChange } from '../change-instance.ts'
import { accessOf, nameOf } from '../instance-lines.ts'
import type { Runner } from '../runner.ts'
import { perHour } from '../text/money.ts'
import { sentence } from '../text/words.ts'

export function addStart(program: Command, run: Runner): void {
  const command = program.command('start').summary('start a stopped instance again, on its disk')
  takesChange(command, change.waitingFor).action((name: string, options: ChangeOptions) =>
    run((context) => changeInstance(name, options, change, context)),
  )
}

const change: Change = {
  order: (id, { client }) => client.startInstance(id),
  ordered: (instance) => `Starting ${nameOf(instance)}.`,
  waitingFor: 'ready',
  until: new Set(['ready', 'stopped', 'failed', 'terminated']),
  outcome(instance) {
    if (instance.status !== 'ready') {
      return { good: false, lines: [sentence(`${nameOf(instance)} is ${instance.status}: ${instance.because_text}`)] }
    }
    return {
      good: true,
      lines: [
        `Ready: ${nameOf(instance)}, ${perHour(instance.cost_per_hour_usd)}`,
        ...accessOf(instance).map(([what, where]) => `  ${what}  ${where}`),
      ],
    }
  },
}
