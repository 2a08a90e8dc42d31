import { expect, test } from 'vitest'
import { lambdaDescription } from './lambda/description.ts'
import { runpodDescription, runpodGraphqlDescription } from './runpod/description.ts'
import { features, supportsFeature } from './supports-feature.ts'
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
