import { expect, test } from 'vitest'
import { labelFromTags, portsFromTags, tagsFromOrder } from './tags.ts'

test('label and ports come back as they were written', () => {
  const ports = [
    { containerPort: 8000, protocol: 'http' as const },
    { containerPort: 53, protocol: 'udp' as const },
  ]
  const tags = tagsFromOrder('gf-1', ports)
  expect(labelFromTags(tags)).toBe('gf-1')
  expect(portsFromTags(tags)).toEqual(ports)
})

test('any number of ports fits into tags as Lambda takes them', () => {
  const ports = Array.from({ length: 40 }, (_, index) => ({ containerPort: 65_000 + index, protocol: 'http' as const }))
  const tags = tagsFromOrder('gf-1', ports)
  for (const { key, value } of tags) {
    expect(key).toMatch(/^[a-z][a-z0-9-:]{1,54}$/)
    expect(value.length).toBeLessThanOrEqual(128)
  }
  expect(portsFromTags(tags)).toEqual(ports)
})

test('tags of other people are left alone', () => {
  expect(labelFromTags([{ key: 'team', value: 'x' }])).toBeNull()
  expect(labelFromTags(null)).toBeNull()
  expect(portsFromTags([{ key: 'gpufleet-ports', value: '8000/http,nonsense,,99/icmp' }])).toEqual([
    { containerPort: 8000, protocol: 'http' },
  ])
})
