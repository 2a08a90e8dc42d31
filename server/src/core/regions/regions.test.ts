import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { regionGroups, regions } from './region-names.ts'
import { contractRegion, regionFit, regionMatches, regionMeans, regionNamed } from './regions.ts'

describe('names regions', () => {
  test.each([
    ['US-East', 'us-east'],
    ['Europe', 'europe'],
    ['Asia', 'asia'],
    ['Global', 'global'],
    ['US', 'us'],
    ['eu-central', 'europe-central'],
    ['EU-West-01', 'europe-west'],
    ['asia-pacific', 'asia-pacific'],
    ['NORTH_AMERICA', 'north-america'],
    ['CN-HK-01', 'asia-east'],
    ['cn-hongkong-1', 'asia-east'],
    ['US-CA-06 (California)', 'us-west'],
    ['AS-SGP-02 (Singapore)', 'asia-southeast'],
    ['OC-AU-01', 'australia'],
    ['US-TX-1', 'us-central'],
    ['US-DE-1', 'us-east'], // Delaware, not Germany
    ['EU-RO-1', 'europe-central'],
    ['EUR-IS-1', 'europe-north'],
    ['CA-MTL-3', 'canada'],
    ['AP-JP-1', 'asia-east'],
    ['us-west-3', 'us-west'],
    ['us-south-1', 'us-central'],
    ['us-midwest-1', 'us-central'],
    ['asia-northeast-1', 'asia-east'],
    ['me-west-1', 'middle-east'],
    ['australia-east-1', 'australia'],
    ['ny2', 'us-east'],
    ['West Coast (CA1)', 'us-west'],
    ['Europe (AMS1)', 'europe-west'],
    ['Quebec, CA', 'canada'],
    ['California, US', 'us-west'],
    ['Virginia, USA', 'us-east'],
    ['Washington, US', 'us-west'],
    ['Georgia, US', 'us-east'],
    [', US', 'us'],
    ['Türkiye, TR', 'middle-east'],
    ['The Netherlands, NL', 'europe-west'],
    ['DE', 'europe-central'],
    ['CA', 'canada'], // two letters are a country
    ['Texas', 'us-central'],
  ])('%s is %s', (text, region) => {
    expect(regionNamed(text)).toBe(region)
  })

  test.each(['Georgia', 'Georgia, GE', 'Mexico, MX', 'Mars', ''])('keeps %j as it is', (text) => {
    expect(regionNamed(text)).toBe(text)
    expect(regionMeans(text)).toEqual([])
  })

  test('naming twice is naming once', () => {
    const word = fc.oneof(
      fc.constantFrom(...regions, ...Object.keys(regionGroups)),
      fc.string(),
      fc
        .tuple(fc.constantFrom('US', 'EU', 'AS', 'CA', 'us'), fc.constantFrom('TX', 'RO', 'east', 'SGP'), fc.nat(20))
        .map((parts) => parts.join('-')),
    )
    fc.assert(
      fc.property(word, (text) => {
        expect(regionNamed(regionNamed(text))).toBe(regionNamed(text))
      }),
    )
  })
})

test('says what a wish means', () => {
  expect(regionMeans('Europe')).toEqual(['europe-west', 'europe-central', 'europe-north'])
  expect(regionMeans('US')).toEqual(['us-east', 'us-central', 'us-west'])
  expect(regionMeans('US-East')).toEqual(['us-east'])
  expect(regionMeans('Global')).toEqual(['*'])
})

describe('compares a wish and an offer', () => {
  test.each([
    ['US-West', 'us-west', 'California, US', true],
    ['US-East', 'us-west', 'California, US', false],
    ['US', 'us', ', US', true],
    ['US-East', 'us', ', US', 'unknown'],
    ['Europe', 'europe-central', 'Czechia, CZ', true],
    ['Europe', 'global', 'Global', 'unknown'],
    ['Global', 'Mexico, MX', 'Mexico, MX', true],
    ['asia-pacific', 'australia', 'Australia, AU', true],
    ['Germany', 'europe-central', 'Germany, DE', true],
    ['Germany', 'europe-central', 'EU-DE-01', true],
    ['Germany', 'europe-central', 'Poland, PL', false],
    ['Germany', 'europe-central', 'europe-central-1', 'unknown'],
    ['Texas', 'us-central', 'US-TX-3', true],
    ['Texas', 'us', ', US', 'unknown'],
    ['CN-HK-01', 'asia-east', 'Hong Kong, HK', true],
    ['Mexico', 'Mexico, MX', 'Mexico, MX', true],
    ['DE', 'us-east', 'Delaware, US', false],
    ['bavaria', 'europe-central', 'Bavaria, DE', true],
    ['bavaria', 'europe-central', 'Saxony, DE', false],
  ])('%s and %s (%s): %s', (wanted, region, location, fit) => {
    expect(regionFit(wanted, region, location)).toBe(fit)
    expect(regionMatches(wanted, region, location)).toBe(fit === true)
  })

  test('every region matches itself and every group that has it', () => {
    for (const region of regions) expect(regionMatches(region, region, '')).toBe(true)
    for (const [group, members] of Object.entries(regionGroups)) {
      for (const member of members) expect(regionMatches(group, member, '')).toBe(true)
    }
  })
})

test('S003-15 writes regions as the contract does', () => {
  expect(['us-east', 'us-west', 'europe-north', 'asia-south', 'global'].map(contractRegion)).toEqual([
    'US-East',
    'US-West',
    'Europe',
    'Asia',
    'Global',
  ])
  expect(contractRegion('south-america')).toBe('South-America')
  expect(contractRegion('Mexico, MX')).toBe('Mexico, MX')
})
