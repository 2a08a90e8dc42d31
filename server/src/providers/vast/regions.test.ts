import { expect, test } from 'vitest'
import { placeFromVast, regionFromVast, vastPlacesIn, vastRegions } from './regions.ts'

test.each([
  ['Quebec, CA', 'canada'],
  [', CA', 'canada'],
  ['Czechia, CZ', 'europe-central'],
  ['The Netherlands, NL', 'europe-west'],
  ['Norway, NO', 'europe-north'],
  ['Virginia, US', 'us-east'],
  ['Texas, US', 'us-central'],
  ['California, US', 'us-west'],
  ['Türkiye, TR', 'middle-east'],
  ['Sichuan, CN', 'asia-east'],
  ['IN', 'asia-south'],
])('%s is %s', (geolocation, region) => {
  expect(regionFromVast(geolocation)).toBe(region)
})

test('keeps what cannot be told', () => {
  expect(regionFromVast(', US')).toBeUndefined()
  expect(regionFromVast('Moscow, RU')).toBeUndefined()
  expect(regionFromVast('')).toBeUndefined()
  expect(placeFromVast(', US')).toBe('US')
  expect(placeFromVast('Moscow, RU')).toBe('Moscow, RU')
})

test('every place of a region leads back to it', () => {
  for (const region of vastRegions) {
    const places = vastPlacesIn(region)
    expect(places.length).toBeGreaterThan(0)
    for (const place of places) expect(regionFromVast(place)).toBe(region)
  }
  expect(vastPlacesIn('atlantis')).toEqual([])
})
