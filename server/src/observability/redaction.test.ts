import { describe, expect, test } from 'vitest'
import { Secret } from '../core/secret.ts'
import { createRedactor } from './redaction.ts'

function redactorFor(...secrets: string[]) {
  const redactor = createRedactor()
  for (const secret of secrets) redactor.register(new Secret(secret))
  return redactor
}

describe('text', () => {
  test('hides a registered secret as it is, URL-encoded, in JSON and as base64', () => {
    const secret = 'p@ss/w"rd+1'
    const base64 = Buffer.from(secret).toString('base64')
    const text = [secret, encodeURIComponent(secret), JSON.stringify({ a: secret }), base64].join(' ')
    expect(redactorFor(secret).text(text)).toBe('[secret] [secret] {"a":"[secret]"} [secret]')
  })

  test('hides the longer of two secrets that start alike as a whole', () => {
    expect(redactorFor('abcd', 'abcdef').text('abcdef abcd')).toBe('[secret] [secret]')
  })

  test('hides credentials that nobody registered by what stands before them', () => {
    const { text } = createRedactor()
    expect(text('sent Bearer abc.def-1234')).toBe('sent Bearer [secret]')
    expect(text('Authorization: Basic dXNlcg==, x')).toBe('Authorization: Basic [secret], x')
    expect(text('GET /x?api_key=abc&page=2')).toBe('GET /x?api_key=[secret]&page=2')
    expect(text('{"instance_api_key": "abc\\"d", "id": 1}')).toBe('{"instance_api_key": "[secret]", "id": 1}')
  })

  test('leaves prose alone', () => {
    const prose = 'Basic validation failed: missing bearer token, bearer authentication is needed'
    expect(createRedactor().text(prose)).toBe(prose)
  })
})

describe('value', () => {
  test('masks well-known names at any depth, and says whether there was something', () => {
    const { value } = createRedactor()
    expect(
      value({
        Authorization: 'a',
        list: [{ api_key: 'a', apiKey: 'b', instance_api_key: 'c', jupyter_token: 'd', max_tokens: 5 }],
        deeper: { env: { A: 'b' }, image_login: 'x', password: null, token: '', 'X-API-Key': 'y' },
      }),
    ).toEqual({
      Authorization: '[secret]',
      list: [
        {
          api_key: '[secret]',
          apiKey: '[secret]',
          instance_api_key: '[secret]',
          jupyter_token: '[secret]',
          max_tokens: 5,
        },
      ],
      deeper: { env: '[secret]', image_login: '[secret]', password: null, token: '', 'X-API-Key': '[secret]' },
    })
  })

  test('copies anything without breaking, and without secrets', () => {
    const { value } = redactorFor('hidden-1')
    const loop: Record<string, unknown> = { name: 'has hidden-1' }
    loop.self = loop
    expect(value(loop)).toEqual({ name: 'has [secret]', self: '[circular]' })
    expect(
      value({
        secret1: new Secret('x'),
        map: new Map([['hidden-1', 1]]),
        set: new Set([1n]),
        at: new Date(0),
        bytes: Buffer.from('hidden-1'),
        url: new URL('https://x.example/hidden-1'),
        run: () => {},
      }),
    ).toEqual({
      secret1: '[secret]',
      map: { '[secret]': 1 },
      set: ['1'],
      at: '1970-01-01T00:00:00.000Z',
      bytes: '[8 bytes]',
      url: 'https://x.example/[secret]',
      run: '[function]',
    })
  })

  test('shows an error with its causes', () => {
    const { value } = redactorFor('hidden-1')
    const error = Object.assign(new TypeError('saw hidden-1', { cause: new Error('hidden-1') }), { code: 'E1' })
    const shown = value({ error })
    expect(shown).toMatchObject({
      error: { name: 'TypeError', message: 'saw [secret]', code: 'E1', cause: { message: '[secret]' } },
    })
    expect(JSON.stringify(shown)).not.toContain('hidden-1')
  })
})

test('error is a clean copy that still tells what happened', () => {
  const { error } = redactorFor('hidden-1')
  const original = Object.assign(new RangeError('saw hidden-1', { cause: 'hidden-1' }), {
    code: 'E1',
    headers: 'hidden-1',
  })
  const clean = error(original)
  expect(clean).toMatchObject({
    name: 'RangeError',
    message: 'saw [secret]',
    code: 'E1',
    cause: { message: '[secret]' },
  })
  expect(clean.stack).toContain('redaction.test.ts')
  expect(`${clean.stack}${JSON.stringify(clean)}`).not.toContain('hidden-1')
})
