import { expect, test } from 'vitest'
import { flagOf, forTerminal } from './api-words.ts'

test('fields and paths become flags and verbs', () => {
  expect(forTerminal('max_price removed 3 of 3 offers; ask for less, or raise max_price_per_hour_usd')).toBe(
    '--max-price removed 3 of 3 offers; ask for less, or raise --max-price',
  )
  expect(forTerminal('POST /api/v1/instances/plan tries it')).toBe('`gpufleet launch --dry-run` tries it')
  expect(forTerminal('GET /api/v1/instances lists the ones there are')).toBe(
    '`gpufleet list --all` lists the ones there are',
  )
  expect(forTerminal('GET /api/v1/instances/inst_581elfuj8oye1eja shows it')).toBe(
    '`gpufleet show inst_581elfuj8oye1eja` shows it',
  )
})

test('other words stay', () => {
  expect(forTerminal('vast_ai: HTTP 400 no_such_ask, verified machines')).toBe(
    'vast_ai: HTTP 400 no_such_ask, verified machines',
  )
})

test('the field of a mistake names its flag', () => {
  expect(['ports.0.container_port', 'environment.A B', 'health.port', 'verified', 'body'].map(flagOf)).toEqual([
    '--port',
    '--env A B',
    '--health-port',
    '--verified',
    'body',
  ])
})
