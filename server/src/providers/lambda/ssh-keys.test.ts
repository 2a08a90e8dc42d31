import { expect, test } from 'vitest'
import { accountKey, nameOfKey, publicKeyFrom, registeredKey } from './ssh-keys.ts'
import { otherKey, publicKey } from './testing.ts'

const laptop = { id: '1', name: 'laptop', public_key: publicKey }
const desk = { id: '2', name: 'desk', public_key: otherKey }

test('a key is found by what it is, not by its comment', () => {
  const commented = `${publicKey.split(' ').slice(0, 2).join(' ')} another comment`
  expect(registeredKey([desk, laptop], commented)).toBe(laptop)
  expect(registeredKey([desk], publicKey)).toBeUndefined()
})

test('a name that stands for two keys is never used', () => {
  const twin = { ...desk, name: 'laptop' }
  expect(registeredKey([laptop, twin], publicKey)).toBeUndefined()
  expect(accountKey([laptop, twin])).toBeUndefined()
  expect(registeredKey([laptop, twin, { ...laptop, id: '3', name: 'mine' }], publicKey)?.name).toBe('mine')
})

test('a machine ordered without a key never gets the key of another order', () => {
  const ours = { ...laptop, name: nameOfKey(publicKey) }
  expect(accountKey([ours, desk])).toBe(desk)
  expect(accountKey([ours])).toBeUndefined()
})

test('the same key has the same name, and another one another', () => {
  expect(nameOfKey(`${publicKey} more`)).toBe(nameOfKey(publicKey))
  expect(nameOfKey(otherKey)).not.toBe(nameOfKey(publicKey))
  expect(nameOfKey(publicKey)).toMatch(/^gf-[0-9a-f]{32}$/)
})

test('only one line of a .pub file is a key', () => {
  expect(publicKeyFrom(` ${publicKey}\n`)).toBe(publicKey)
  for (const bad of [
    '',
    'hello',
    `${publicKey}\n${otherKey}`,
    `command="x" ${publicKey}`,
    `${publicKey} ${'x'.repeat(5000)}`,
  ]) {
    expect(publicKeyFrom(bad)).toBeUndefined()
  }
})
