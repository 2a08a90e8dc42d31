import { expect, test } from 'vitest'
import { lambdaDescription } from './lambda/description.ts'
import { runpodDescription, runpodGraphqlDescription } from './runpod/description.ts'
import { features, supportsFeature, versionHasFeature } from './supports-feature.ts'
import { vastDescription } from './vast/description.ts'

test('S004-77 each version of an API says for itself what it supports, and nothing of what nobody knows', () => {
  expect([runpodDescription.apiVersion, runpodGraphqlDescription.apiVersion]).toEqual(['v2', 'graphql'])
  expect(supportsFeature(runpodDescription, 'stop')).toBe(true)
  expect(supportsFeature(runpodGraphqlDescription, 'stop')).toBe(false)
  expect(supportsFeature(vastDescription, 'interruptible_instances')).toBe(true)
  expect(supportsFeature(lambdaDescription, 'interruptible_instances')).toBe(false)
  for (const unknown of ['teleport', 'toString', '']) expect(supportsFeature(vastDescription, unknown)).toBe(false)
  expect(features.filter((feature) => !supportsFeature(vastDescription, feature))).toEqual(['reclaim_notice'])
})

test('S004-77 the contract’s rule by version: v1 lacks interruptible instances, v2 lacks nothing, others have nothing', () => {
  expect(versionHasFeature('v1', 'interruptible_instances')).toBe(false)
  expect(versionHasFeature('v1', 'stop')).toBe(true)
  expect(versionHasFeature('v2', 'interruptible_instances')).toBe(true)
  for (const unknown of ['', 'v3', 'V1', 'graphql']) expect(versionHasFeature(unknown, 'stop')).toBe(false)
})
