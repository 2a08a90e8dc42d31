import { expect, test } from 'vitest'
import { cases } from './contract/cases.ts'
import { aRig } from './contract/rig.ts'
import { translateGpuType, translateRegion } from './translate.ts'

test.each([
  ['vast', 'RTX4090', 'RTX 4090'],
  ['vast', 'A100', 'A100 SXM4'],
  ['runpod', 'RTX4090', 'NVIDIA GeForce RTX 4090'],
  ['runpod', 'H100', 'NVIDIA H100 80GB HBM3'],
  ['lambda', 'H100', 'gpu_1x_h100_sxm5'],
  ['paperspace', 'V100', 'V100-32G'],
  ['novita', 'RTX4090', 'RTX 4090 24GB'],
])('S004-08 at %s %s is %s', (name, standard, theirs) => {
  expect(translateGpuType(providerOf(name), standard)).toBe(theirs)
})

test.each([
  ['runpod', 'us-east', 'US-GA-1'],
  ['runpod', 'us-west', 'US-CA-2'],
  ['lambda', 'us-east', 'us-east-1'],
  ['lambda', 'eu-central', 'europe-central-1'],
  ['lambda', 'asia-pacific', 'asia-northeast-1'],
  ['paperspace', 'us-east', 'ny2'],
  ['novita', 'us-west', 'US-CA-06'],
])('S004-09 at %s %s is %s', (name, standard, theirs) => {
  expect(translateRegion(providerOf(name), standard)).toBe(theirs)
})

test.each(cases.map(({ name }) => name))('at %s what nobody knows is an error', (name) => {
  expect(() => translateGpuType(providerOf(name), 'Moon 9000')).toThrow(RangeError)
  expect(() => translateRegion(providerOf(name), 'moon')).toThrow(RangeError)
})

function providerOf(name: string) {
  const marketplace = cases.find((one) => one.name === name)
  if (marketplace === undefined) throw new Error(name)
  return aRig(marketplace, { calm: false }).provider
}
