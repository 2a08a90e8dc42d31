import { expect, test } from 'vitest'
import { logLinesFromRunpod } from './logs.ts'

test('reads the lines of the stream, and leaves out what was cut off or is no log line', () => {
  const stream =
    'id: 2026-11-20T09:16:43Z/000000000001\ndata: {"ts":"2026-11-20T09:16:43Z","source":"container","line":"Model loaded."}\n\n' +
    ': keep-alive\n\n' +
    'data: nonsense\n\n' +
    'data: {"ts":"2026-11-20T09:16:44Z","source":"system","line":"ready"}\n\n' +
    'data: {"ts":"2026-11-20T09:16:45Z","sou'
  expect(logLinesFromRunpod(stream)).toEqual(['Model loaded.', 'ready'])
})
