import { describe, expect, test } from 'vitest'
import { templateFromNovita } from './templates.ts'
import { NovitaTemplateAnswer } from './wire.ts'

/** @source novita.md 4, "v1 template", shortened */
const live = {
  template: {
    Id: 107672,
    name: 'pytorch-jupyter',
    image: 'ghcr.io/acme/trainer:1',
    imageAuth: 'ff4b1884',
    startCommand: '--model a',
    rootfsSize: '60',
    ports: [
      { type: 'http', ports: [80, 8188] },
      { type: 'tcp', ports: ['22'] },
    ],
    envs: [{ key: 'A', value: '1' }],
  },
}
const clientWith = (template: unknown, auths: { id: string; username: string; password: string }[] = []) => ({
  template: async () => (template === null ? null : NovitaTemplateAnswer.parse(template).template),
  registryAuths: async () => auths,
})

describe('a template of Novita', () => {
  test('is spelled out, its registry login with it', async () => {
    const auths = [{ id: 'ff4b1884', username: 'acme', password: 'registry-pass' }]
    expect(await templateFromNovita('107672', clientWith(live, auths))).toEqual({
      name: 'pytorch-jupyter',
      image: 'ghcr.io/acme/trainer:1',
      registryAuth: { server: 'ghcr.io', username: 'acme', password: 'registry-pass' },
      environment: { A: '1' },
      ports: [
        { containerPort: 80, protocol: 'http' },
        { containerPort: 8188, protocol: 'http' },
        { containerPort: 22, protocol: 'tcp' },
      ],
      diskGb: 60,
      startCommand: '--model a',
    })
  })

  test.each([
    ['acme/trainer:1', null],
    ['trainer', null],
    ['docker.io/acme/trainer', 'docker.io'],
    ['localhost/trainer', 'localhost'],
    ['registry:5000/trainer@sha256:00', 'registry:5000'],
  ])('keeps the login of %s for the registry that this names', async (image, server) => {
    const auths = [{ id: 'ff4b1884', username: 'acme', password: 'registry-pass' }]
    const template = { template: { ...live.template, image } }
    expect((await templateFromNovita('107672', clientWith(template, auths)))?.registryAuth?.server).toBe(server)
  })

  test('is refused when its registry login is gone: the image could not be pulled', async () => {
    await expect(templateFromNovita('107672', clientWith(live))).rejects.toThrow('names a registry login')
  })

  test('that there is none is told from trouble', async () => {
    expect(await templateFromNovita('1', clientWith(null))).toBeNull()
  })

  test('without ports, variables and commands is a template all the same', async () => {
    const bare = { template: { Id: '1', image: 'a' } }
    expect(await templateFromNovita('1', clientWith(bare))).toMatchObject({
      ports: [],
      environment: {},
      startCommand: null,
    })
  })
})
