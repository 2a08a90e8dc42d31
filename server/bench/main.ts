/**
 * Benchmarks: `npm run bench -- <name>`. They measure and print; nothing passes or fails here.
 */

const benches: Record<string, () => Promise<{ run(): Promise<void> }>> = {
  search: () => import('./search.ts'),
}

const name = process.argv[2] ?? ''
const bench = benches[name]
if (bench === undefined) {
  console.error(`npm run bench -- <name>; there are: ${Object.keys(benches).join(', ')}`)
  process.exit(2)
}
await (await bench()).run()
