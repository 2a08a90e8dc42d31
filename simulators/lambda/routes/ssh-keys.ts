import type { SimClock } from '../../kit/clock.ts'
import type { Random } from '../../kit/random.ts'
import type { SimRequest } from '../../kit/simulator.ts'
import { withChance } from '../chance.ts'
import { invalidParameters, notFound } from '../errors.ts'
import { bodyOf, optionalText, text } from '../input.ts'
import type { LambdaState } from '../state.ts'
import { audit } from './audit-events.ts'

export const listKeys = (state: LambdaState) => state.sshKeys.map((key) => ({ ...key }))

/** Without a public key, a pair is made and its private half returned once. */
export function addKey(state: LambdaState, request: SimRequest, clock: SimClock) {
  const body = bodyOf(request)
  const name = text(body, 'name', { min: 1, max: 64 })
  const given = optionalText(body, 'public_key', { min: 1, max: 4096 })
  if (state.settings.duplicateKeyNames === 'refuse' && state.sshKeys.some((key) => key.name === name)) {
    throw invalidParameters(`name: An SSH key named ${name} already exists`)
  }
  const id = withChance(state, (random) => random.hex(32))
  const pair = given === null ? withChance(state, pairOf) : null
  const key = { id, name, public_key: given ?? pair?.publicKey ?? '' }
  state.sshKeys.push(key)
  audit(state, clock, 'ssh_key', 'created', id)
  return { ...key, ...(pair ? { private_key: pair.privateKey } : {}) }
}

export function deleteKey(state: LambdaState, id: string, clock: SimClock) {
  const index = state.sshKeys.findIndex((key) => key.id === id)
  if (index < 0) throw notFound()
  state.sshKeys.splice(index, 1)
  audit(state, clock, 'ssh_key', 'deleted', id)
  return {}
}

/** Looks like a pair and opens nothing: real keys would not be the same for the same seed. */
function pairOf(random: Random): { publicKey: string; privateKey: string } {
  const bytes = (count: number) => Buffer.from(random.hex(count * 2), 'hex').toString('base64')
  const lines = bytes(1_190).match(/.{1,64}/g) ?? []
  return {
    publicKey: `ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ${bytes(257).replaceAll('=', '')} generated`,
    privateKey: `-----BEGIN RSA PRIVATE KEY-----\n${lines.join('\n')}\n-----END RSA PRIVATE KEY-----\n`,
  }
}
