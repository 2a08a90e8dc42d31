import { describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../core/money.ts'
import { anOffer } from '../core/offers/an-offer.ts'
import { bootScriptFrom as lambdaBoot } from './lambda/boot-script.ts'
import { bootScript as novitaBoot } from './novita/boot-script.ts'
import { bootScriptFrom as paperspaceBoot } from './paperspace/boot-script.ts'
import type { LaunchOrder } from './provider.ts'
import { environmentFrom } from './runpod/launch-body.ts'
import { launchBodyFromOrder as vastBody } from './vast/launch-body.ts'

const users = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBPHBBY9g95Ent3NuTSyHmmyYwl0B97xDmIgQ097342Y me@example.com'
const ours = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5oP1xXq0Zl5pUu4T8mGv7dYc2wH9rKjN3bLsQeA6Fi gpufleet'

const order: LaunchOrder = {
  label: 'gf-test-1-1',
  offer: anOffer({ market: 'spot' }),
  image: 'ubuntu:24.04',
  registryAuth: null,
  environment: {},
  ports: [],
  sshPublicKey: users,
  furtherSshKeys: [ours],
  onstartScript: 'sleep infinity',
  diskGb: 10,
  bidPerHour: nanosFromUsd('0.2'),
}

/** What lets keys in, as text. */
const scripts: Record<string, (order: LaunchOrder) => string> = {
  vast: (given) => vastBody(given).onstart ?? '',
  lambda: lambdaBoot,
  paperspace: (given) => {
    const [, encoded = ''] = /printf %s (\S+) \| base64/.exec(paperspaceBoot(given)) ?? []
    return Buffer.from(encoded, 'base64').toString()
  },
  runpod: (given) => environmentFrom(given).PUBLIC_KEY ?? '',
  novita: ({ sshPublicKey, furtherSshKeys = [] }) =>
    novitaBoot({ publicKeys: sshPublicKey === null ? [] : [sshPublicKey, ...furtherSshKeys], onstart: 'true' }),
}

describe.each(Object.keys(scripts))('%s', (name) => {
  const textOf = scripts[name] as (order: LaunchOrder) => string

  test('lets a further key in beside the user’s', () => {
    const text = textOf(order)
    expect(text).toContain(users)
    expect(text).toContain(ours)
  })

  test('never lets it in alone: without a key of the user, the image runs as it is', () => {
    expect(textOf({ ...order, sshPublicKey: null })).not.toContain(ours)
  })

  test('without further keys does what it did', () => {
    const { furtherSshKeys: _, ...plain } = order
    expect(textOf(plain)).toBe(textOf({ ...order, furtherSshKeys: [] }))
    expect(textOf(plain)).toContain(users)
  })
})

test('a further key that is none is refused like any other', () => {
  const bad = { ...order, furtherSshKeys: ['nonsense'] }
  expect(() => vastBody(bad)).toThrow('one line')
  expect(() => environmentFrom(bad)).toThrow('one line')
  expect(() => lambdaBoot(bad)).toThrow('one line')
  expect(() => paperspaceBoot(bad)).toThrow('one line')
})
