import { expect, test } from 'vitest'
import { examplesOf } from './extract.ts'
import { lacking } from './shape.ts'

const document = `
### 1. Search
\`\`\`bash
GET /api/things?limit=1
\`\`\`
**Response:**
\`\`\`json
{"things": []}
\`\`\`

#### Create
\`\`\`bash
# as a shell would
curl -X POST "http://localhost:1/api/things" \\
  -d '{
    "name": "one"
  }'
cp a b
curl http://localhost:1/health
\`\`\`

### POST /power
**Request Body:**
\`\`\`json
{"wait": true}
\`\`\`
**Response (200):**
\`\`\`json
{"status": "on"}
\`\`\`

### After
\`\`\`python
print(1)
\`\`\`
`

test('finds requests, commands over several lines, programs, and the answers that belong to them', () => {
  expect(examplesOf(document)).toEqual([
    { language: 'request', code: 'GET /api/things?limit=1', line: 4, answer: { things: [] } },
    {
      language: 'curl',
      code: 'curl -X POST "http://localhost:1/api/things" \\\n  -d \'{\n    "name": "one"\n  }\'',
      line: 14,
    },
    { language: 'curl', code: 'curl http://localhost:1/health', line: 19 },
    { language: 'request', code: 'POST /power\n\n{"wait": true}', line: 22, answer: { status: 'on' } },
    { language: 'python', code: 'print(1)', line: 34 },
  ])
})

test('says what an answer lacks of what the document shows', () => {
  const documented = { id: 'a', message: null, offers: [{ price: 1 }], models: { 'RTX 4090': { count: 1 } } }
  const tables = ['models']
  const whole = { id: 'b', message: 'x', offers: [{ price: 2, more: 1 }], models: { A100: { count: 2 } } }
  expect(lacking(whole, documented, tables)).toEqual([])
  expect(lacking({ ...whole, message: undefined }, documented, tables)).toEqual(['message is missing'])
  expect(lacking({ ...whole, id: 7 }, documented, tables)).toEqual(['id is number, not string'])
  expect(lacking({ ...whole, offers: [{ price: 1 }, {}] }, documented, tables)).toEqual(['offers[1].price is missing'])
  expect(lacking({ ...whole, models: { A100: {} } }, documented, tables)).toEqual(['models[A100].count is missing'])
  expect(lacking({ ...whole, models: {} }, documented)).toEqual(['models.RTX 4090 is missing'])

  const named = { list: [{ name: 'a', price: 1 }] }
  expect(lacking({ list: [{ name: 'b' }, { name: 'a', price: 2 }] }, named)).toEqual([])
  expect(lacking({ list: [{ name: 'a' }] }, named)).toEqual(['list[0].price is missing'])
  expect(lacking({ list: [{ name: 'a', id: 1 }] }, { list: [{ id: 'x' }] })).toEqual([
    'list[0].id is number, not string',
  ])
  expect(lacking({ list: [] }, named)).toEqual(['list has no a'])
})
