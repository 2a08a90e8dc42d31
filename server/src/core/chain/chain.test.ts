import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalText } from './canonical.ts'
import { type ChainHead, type ChainRow, hashOf, type Mac, sealedHead } from './chain.ts'
import { checkHead, createChainCheck } from './check.ts'

/** Long enough to tell texts apart; a real one needs Node. */
const mac: Mac = (text) =>
  `mac of ${text.length}: ${[...text].reduce((sum, one) => (sum * 31 + one.charCodeAt(0)) % 1e9, 7)}`

function aChain(length: number): { head: ChainHead; rows: ChainRow[] } {
  const rows: ChainRow[] = []
  for (let id = 1; id <= length; id += 1) {
    const content = { message: `row ${id}`, at: id * 1_000, because: null }
    rows.push({ id, content, hash: hashOf(rows.at(-1)?.hash ?? '', { id, content }, 'events', mac) })
  }
  const last = { lastId: length, lastHash: rows.at(-1)?.hash ?? '' }
  return { head: sealedHead({ chain: 'events', anchorId: 0, anchorHash: '', ...last }, mac), rows }
}

function brokenAt({ head, rows }: { head: ChainHead; rows: readonly ChainRow[] }) {
  const check = createChainCheck(head, mac)
  for (const row of rows) {
    const broken = check.row(row)
    if (broken) return broken
  }
  return check.end()
}

test('a chain as it was written is whole, also without a row', () => {
  expect(brokenAt(aChain(0))).toBeUndefined()
  expect(brokenAt(aChain(7))).toBeUndefined()
  expect(checkHead(aChain(7).head, mac)).toBeUndefined()
})

describe('names the first row that is not as it was:', () => {
  const { head, rows } = aChain(7)
  const with_ = (change: (row: ChainRow) => ChainRow) => ({ head, rows: rows.map(change) })

  test('changed', () => {
    const changed = with_((row) => (row.id === 4 ? { ...row, content: { ...row.content, message: 'nothing' } } : row))
    expect(brokenAt(changed)).toEqual({ id: 4, what: expect.stringContaining('row 4 was changed') })
  })

  test('deleted', () => {
    expect(brokenAt({ head, rows: rows.filter(({ id }) => id !== 3) })).toEqual({ id: 3, what: 'row 3 is missing' })
  })

  test('deleted, and those behind moved up', () => {
    const moved = rows.filter(({ id }) => id !== 3).map((row, at) => ({ ...row, id: at + 1 }))
    expect(brokenAt({ head, rows: moved })).toMatchObject({ id: 3 })
  })

  test('the last ones cut off', () => {
    expect(brokenAt({ head, rows: rows.slice(0, 5) })).toEqual({ id: 6, what: 'rows 6 to 7 are missing' })
  })

  test('swapped', () => {
    const [third, fourth] = [rows[2], rows[3]] as [ChainRow, ChainRow]
    const swapped = with_((row) => ({ 3: { ...fourth, id: 3 }, 4: { ...third, id: 4 } })[row.id] ?? row)
    expect(brokenAt(swapped)).toMatchObject({ id: 3 })
  })

  test('put in between, and those behind moved on', () => {
    const forged: ChainRow = { id: 4, content: { message: 'it was me' }, hash: 'made up' }
    const moved = rows.slice(3).map((row) => ({ ...row, id: row.id + 1 }))
    expect(brokenAt({ head, rows: [...rows.slice(0, 3), forged, ...moved] })).toMatchObject({ id: 4 })
  })

  test('a row of another past, well hashed and in its place', () => {
    const other: ChainRow = { id: 4, content: { message: 'what happened then' }, hash: '' }
    const replayed = { ...other, hash: hashOf('the hash of another third row', other, 'events', mac) }
    expect(brokenAt(with_((row) => (row.id === 4 ? replayed : row)))).toMatchObject({ id: 4 })
  })

  test('a head that was moved back to hide the last ones', () => {
    expect(checkHead({ ...head, lastId: 5, lastHash: rows[4]?.hash ?? '' }, mac)).toMatchObject({ id: null })
  })
})

test('whatever one value is changed to, the row is named', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 }), fc.string({ maxLength: 20 }), (at, text) => {
      fc.pre(text !== `row ${at}`)
      const { head, rows } = aChain(7)
      const changed = rows.map((row) => (row.id === at ? { ...row, content: { ...row.content, message: text } } : row))
      expect(brokenAt({ head, rows: changed })).toMatchObject({ id: at })
    }),
  )
})

test('a column that is added without a value changes no text', () => {
  expect(canonicalText({ b: 1, a: 'x', later: null })).toBe(canonicalText({ a: 'x', b: 1 }))
  expect(canonicalText({ a: '1' })).not.toBe(canonicalText({ a: 1 }))
})
