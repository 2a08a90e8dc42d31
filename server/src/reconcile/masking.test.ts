import { expect, test } from 'vitest'
import { noSecrets } from '../testing/builders.ts'
import { masked } from './masking.ts'

test('what was passed to a machine does not come back in the words about it', () => {
  const secrets = {
    environment: { HF_TOKEN: 'hf_supersecretvalue123', DEBUG: '1' },
    registryAuth: { server: null, username: 'somebody', password: 'registry-pass' },
    onstartScript: '#!/bin/sh\nexport WANDB=wandb-key-4711\nserve',
  }
  const said =
    'docker run -e HF_TOKEN=hf_supersecretvalue123 -e DEBUG=1, registry-pass; export WANDB=wandb-key-4711: 1 error'
  const shown = masked(said, secrets)

  for (const value of ['hf_supersecretvalue123', 'registry-pass', 'wandb-key-4711']) expect(shown).not.toContain(value)
  expect(shown).toContain('1 error')
})

test('other words stay as they are', () => {
  expect(masked('no such image', noSecrets)).toBe('no such image')
})
