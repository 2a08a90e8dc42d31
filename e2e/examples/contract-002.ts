import { expectSame, expectThat } from '../acceptance/lab.ts'
import { examplesFor, type Scene, tryExample } from './contracts.ts'

/** @returns what was seen, for people */
export async function tryExamples002(scene: Scene): Promise<string> {
  const created: string[] = []
  const languages = new Set<string>()
  const examples = examplesFor('002')
  for (const example of examples) {
    languages.add(example.language)
    if (example.language !== 'curl') {
      const { output } = await tryExample(scene, example)
      const id = /^Instance created: (\S+)$/m.exec(output)?.[1]
      expectThat(id !== undefined, `the ${example.language} example printed: ${output}`)
      created.push(id)
    } else if (example.code.includes('POST')) {
      const { body } = await tryExample(scene, example, { status: 201 })
      expectSame([typeof body.instanceId, body.status], ['string', 'creating'], 'the answer to the creation')
      created.push(body.instanceId)
    } else if (example.code.includes('/health')) {
      expectSame((await tryExample(scene, example)).body.status, 'healthy', '/health')
    } else {
      const { body } = await tryExample(scene, example)
      expectThat(body.requests.total > 0 && body.instances.total === created.length, JSON.stringify(body))
    }
  }
  expectSame([...languages].sort(), ['curl', 'javascript', 'python'], 'the languages')
  expectSame(new Set(created).size, 4, 'the number of instances made')
  for (const [index, id] of created.entries())
    await isAsAsked(scene, id, index === 0 ? 'test-instance' : 'ml-training-job')
  return `${examples.length} examples (curl, JavaScript, Python) as written: 4 instances made, each listed with its name and GPUs`
}

async function isAsAsked({ world }: Scene, id: string, name: string): Promise<void> {
  const { status, body } = await world.call('GET', `/api/instances/${id}`)
  expectSame([status, body.name, body.gpuNum], [200, name, name === 'test-instance' ? 1 : 2], `instance ${id}`)
}
