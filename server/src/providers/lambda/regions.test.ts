import { expect, test } from 'vitest'
import { lambdaRegions, lambdaRegionsIn, regionFromLambda } from './regions.ts'

test('every region of ours leads to theirs and back', () => {
  for (const region of lambdaRegions) {
    expect(lambdaRegionsIn(region)).not.toEqual([])
    for (const name of lambdaRegionsIn(region)) expect(regionFromLambda(name)).toBe(region)
  }
})

test('a new number in a known family is understood', () => {
  expect(regionFromLambda('us-west-9')).toBe('us-west')
  expect(regionFromLambda('us-south-1')).toBe('us-central')
  expect(regionFromLambda('asia-northeast-2')).toBe('asia-east')
})

test('an unknown family is not guessed at', () => {
  expect(regionFromLambda('mars-north-1')).toBeUndefined()
  expect(lambdaRegionsIn('africa')).toEqual([])
})
