import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConfigError } from './config.ts'
import { templatesFrom } from './templates-dir.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpufleet-templates-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (file: string, json: unknown) =>
  writeFileSync(join(folder, file), typeof json === 'string' ? json : JSON.stringify(json))

test('every JSON file is a template, and other files are left alone', () => {
  write('a.json', {
    name: 'house',
    config: { vllm_model_name: 'a/b', min_gpu_ram: 12, max_price: 0.4, gpu_names: ['RTX3060'] },
  })
  write('notes.txt', 'no template')
  expect(templatesFrom(folder)).toMatchObject([
    {
      name: 'house',
      minVramGb: 12,
      maxPricePerHour: 400_000_000n,
      gpuModels: ['RTX3060'],
      vllm: { vllm_model_name: 'a/b' },
    },
  ])
})

test('every mistake is named, with its file', () => {
  write('broken.json', '{')
  write('shape.json', { name: 'x' })
  write('typo.json', { name: 'typo', config: { max_prize: 1, vllm_max_model_len: 1, min_gpu_ram: '24' } })
  write('taken.json', { name: 'budget', config: {} })
  write('twice-1.json', { name: 'twice', config: {} })
  write('twice-2.json', { name: 'twice', config: {} })
  const mistakes = mistakesOf(() => templatesFrom(folder))
  const of = (file: string) => mistakes.filter((mistake) => mistake.includes(`/${file}`)).join('\n')
  expect(of('broken.json')).toContain('JSON')
  expect(of('shape.json')).toContain('takes {"name"')
  expect(of('typo.json')).toMatch(
    /max_prize: is not known(.|\n)*min_gpu_ram: takes gigabytes(.|\n)*vllm_max_model_len: takes/,
  )
  expect(of('taken.json')).toContain('budget is built in')
  expect(of('twice-2.json')).toContain('another file')
  expect(mistakesOf(() => templatesFrom(join(folder, 'nowhere')))[0]).toContain('cannot be read')
})

test('what is no JSON is told by its place alone, for a token may stand there', () => {
  const token = 'hf_kept_secret'
  write('quote.json', `{"name": "x", "config": {"environment": {"HF_TOKEN": ${token}}}}`)
  write('comma.json', `{"name": "x",\n  "config": {"environment": {"HF_TOKEN": "${token}" "b": 1}}}`)
  write('bare.json', `"${token} in JSON at position 3" x`)
  write('end.json', `{"environment": {"HF_TOKEN": "${token}"`)
  const mistakes = mistakesOf(() => templatesFrom(folder))
  expect(mistakes).toHaveLength(4)
  for (const mistake of mistakes) {
    expect(mistake).toContain('is not valid JSON')
    expect(mistake).not.toMatch(/hf_|HF_/)
  }
  expect(mistakes.find((mistake) => mistake.includes('/comma.json'))).toMatch(/line 2, column 59$/)
})

function mistakesOf(read: () => unknown): readonly string[] {
  try {
    read()
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
  throw new Error('nothing is wrong')
}
