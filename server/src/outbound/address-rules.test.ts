import { expect, test } from 'vitest'
import { AddressRefused, isPublicAddress, publicLookup } from './address-rules.ts'

test.each([
  '127.0.0.1',
  '10.1.2.3',
  '172.31.0.9',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '198.18.4.4',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  'fe80::1',
  'fd00::1',
  '2002:7f00:1::1',
  '64:ff9b:1::a00:1',
  '::ffff:0:127.0.0.1',
  '::ffff:0:a9fe:a9fe',
  'not an address',
])('%s is not public', (address) => {
  expect(isPublicAddress(address)).toBe(false)
})

test.each(['203.0.113.7', '8.8.8.8', '172.32.0.1', '2001:4860:4860::8888'])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true)
})

test('a name that resolves inside is refused', async () => {
  const answer = new Promise((resolve) => publicLookup('localhost', { all: true }, (error) => resolve(error)))
  expect(await answer).toBeInstanceOf(AddressRefused)
})
