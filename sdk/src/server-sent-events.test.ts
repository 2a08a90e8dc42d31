import { expect, test } from 'vitest'
import { serverSentEvents } from './server-sent-events.ts'

const stream =
  '\uFEFFretry: 2500\n\n: still here\n\nid: 7\nevent: status\ndata: {"a":\ndata: 1}\n\nid: 8\r\ndata:x\r\n\r\nid: 9\n\n'

test('reads events, comments, retry times and ids', () => {
  const parser = serverSentEvents()

  const blocks = parser.read(stream)

  expect(blocks.filter(({ data }) => data !== null)).toEqual([
    { id: '7', data: '{"a":\n1}' },
    { id: '8', data: 'x' },
  ])
  expect(blocks.at(-1)).toEqual({ id: '9', data: null })
  expect(parser.retryMs()).toBe(2500)
})

test('reads the same however the pieces are cut', () => {
  const whole = serverSentEvents().read(stream)

  for (const size of [1, 2, 3, 7, 20]) {
    const parser = serverSentEvents()
    const pieces = stream.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
    expect(pieces.flatMap((piece) => parser.read(piece))).toEqual(whole)
  }
})

test('a block that is cut off at the end is not an event', () => {
  expect(serverSentEvents().read('id: 1\ndata: half')).toEqual([])
})
