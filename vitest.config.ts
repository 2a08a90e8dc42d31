import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{server,sdk,cli,web,simulators,e2e,scripts}/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    reporters: [['default', { summary: false }], './scripts/plain-summary.ts'],
    testTimeout: 60_000,
  },
})
