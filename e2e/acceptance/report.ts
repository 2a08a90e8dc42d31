import type { PromiseId } from './check.ts'

export interface Outcome {
  id: PromiseId
  /** `broken`: its check fails. `open`: nobody checks it. `later`: its part of the product is not built yet. */
  result: 'kept' | 'superseded' | 'broken' | 'open' | 'later'
  evidence: string
}

export function summaryOf(outcomes: readonly Outcome[]): string {
  const parts = [
    ['part A', outcomes.filter(({ id }) => id.startsWith('S'))],
    ['part B', outcomes.filter(({ id }) => id.startsWith('R'))],
  ] as const
  return parts
    .filter(([, some]) => some.length > 0)
    .map(([part, some]) => {
      const count = (...results: Outcome['result'][]) => some.filter(({ result }) => results.includes(result)).length
      const counts = `${count('kept')} kept, ${count('superseded')} superseded, ${count('broken', 'open', 'later')} open`
      const why = [`${count('broken')} broken`, `${count('open')} unchecked`, `${count('later')} of parts to come`]
      return `${part}: ${some.length} promises: ${counts} (${why.join(', ')})`
    })
    .join('\n')
}

const titles: Readonly<Record<string, string>> = {
  '000': 'Contract 000: `/api/vast`',
  '001': 'Contract 001: `/infra/vast`',
  '002': 'Contract 002: `/api/instances`, `/api/metrics`, `/health`',
  '003': 'Contract 003: `/api/v1`',
  '004': 'Contract 004: the provider layer',
}

/** The reference page. */
export function pageOf(outcomes: readonly Outcome[]): string {
  const sections = Object.entries(titles).map(([contract, title]) => {
    const rows = outcomes
      .filter(({ id }) => id.slice(1, 4) === contract)
      .map(({ id, result, evidence }) => `| ${id} | ${result === 'later' ? 'open' : result} | ${cell(evidence)} |`)
    return [`## ${title}`, '', '| promise | result | what was seen |', '|---|---|---|', ...rows].join('\n')
  })
  return [
    '# What the five contracts promise, and whether it is kept',
    '',
    'Made by `npm run acceptance -- --write`, which tries each promise against the product and simulated marketplaces. `kept`: it is so.',
    '`superseded`: the marketplace has changed what the promise names; the new fact is given, and what the promise was for is kept.',
    '`open`: it is not, or not yet.',
    '',
    summaryOf(outcomes)
      .split('\n')
      .map((line) => `- ${line}`)
      .join('\n'),
    '',
    sections.join('\n\n'),
    '',
  ].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim()
}
