import { type Command, Option } from 'commander'
import { listedValues } from './inputs.ts'

/** Which part of the market somebody asks about. */
export interface MarketPart {
  provider?: string[]
  market?: 'on_demand' | 'spot' | 'any'
}

export interface HistoryPart extends MarketPart {
  from?: string
  until?: string
  interval?: 'hour' | 'day'
}

export function withMarketPart(command: Command): Command {
  return command
    .argument('[gpu]', 'only this model, in any spelling; several with commas')
    .option('--provider <names>', 'only these', listedValues)
    .addOption(new Option('--market <name>', 'only this').choices(['on_demand', 'spot', 'any']))
}

export function withHistoryPart(command: Command): Command {
  return withMarketPart(command)
    .option('--from <time>', 'a day such as 2027-01-31, or a time; default seven days ago')
    .option('--until <time>', 'before this moment; default now')
    .addOption(new Option('--interval <name>', 'default hour for up to seven days').choices(['hour', 'day']))
}

export function partQuery(gpu: string | undefined, { provider, market }: MarketPart) {
  return {
    ...(gpu !== undefined && { gpu_model: gpu }),
    ...(provider !== undefined && { provider: provider.join(',') }),
    ...(market !== undefined && { market }),
  }
}

export function historyQuery(gpu: string | undefined, { from, until, interval, ...part }: HistoryPart) {
  return {
    ...partQuery(gpu, part),
    ...(from !== undefined && { from }),
    ...(until !== undefined && { until }),
    ...(interval !== undefined && { interval }),
  }
}
