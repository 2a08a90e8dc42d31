import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { settings } from '../../server/src/config/settings.ts'
import { providerNames, publicProviderNames } from '../../server/src/core/providers.ts'
import { type Check, kept, superseded } from './check.ts'
import { documented, fileText, supersededRows } from './contract-004-kit.ts'
import { expectSame, expectThat, type Lab } from './lab.ts'

const processPage = 'docs/maintenance/provider-apis.md'
const emergencies = 'docs/maintenance/provider-emergencies.md'
const clients = {
  vast: 'Vast.ai',
  runpod: 'RunPod',
  lambda: 'Lambda Cloud',
  paperspace: 'Paperspace',
  novita: 'Novita AI',
}

/** S004-82 to S004-86 and S004-90 to S004-93: documents whose content holds, and tests. */
export const checks: readonly Check[] = [
  kept('S004-82', async () => {
    const counts = providerNames.map((name) => {
      const rows = tableRows(fileText(`server/src/providers/${name}/CHANGELOG.md`))
      const dated = rows.filter(([when = '', they = '', we = '']) => /20\d\d/.test(when) && (they !== '' || we !== ''))
      expectThat(dated.length >= 2, `the change log of ${name} has ${dated.length} dated rows`)
      return `${name} ${dated.length}`
    })
    const matrix = tableRows(fileText('docs/reference/provider-versions.md'))
    for (const name of providerNames) {
      const { apiVersion } = (await import(`../../server/src/providers/${name}/description.ts`))[`${name}Description`]
      const [version] = /v\d|graphql/.exec(apiVersion) ?? ['']
      const found = matrix.some(
        ([provider, spoken = '', works = '']) =>
          provider === clients[name] && spoken.includes(version) && works.includes('default'),
      )
      expectThat(found, `the matrix does not say that ${clients[name]} ${version} is the default`)
    }
    return `change logs with dated rows: ${counts.join(', ')}; the matrix names the version that each client speaks`
  }),
  kept(['S004-84', 'S004-86'], async (lab) => {
    const { tests, failed } = await testsThatRan(
      lab,
      [
        'e2e/spot.test.ts',
        'e2e/hot-swap.test.ts',
        'server/src/core/offers/price.test.ts',
        'server/src/core/offers/rank.test.ts',
      ],
      { named: 'S004-84|price|cheap|cost|dear' },
    )
    expectSame(failed, [], 'tests that fail')
    const about = (pattern: RegExp) => tests.filter((one) => pattern.test(one)).length
    const [spot, version] = [about(/S004-84 outbid/), about(/S004-84 an answer from a version/)]
    const prices = tests.length - spot - version
    expectThat(spot === 2 && version === 1 && prices >= 5, `tests found: ${tests.join('; ')}`)
    return `${tests.length} tests pass: ${spot} of spot machines and their interruption, ${version} of an API version, ${prices} of price comparison`
  }),
  kept('S004-85', async (lab) => {
    const file = ['e2e/real-apis.test.ts']
    const without = await testsThatRan(lab, file, { environment: { GPUFLEET_REAL_API: '' } })
    expectSame([without.tests.length, without.skipped], [0, 2 * providerNames.length], 'without being asked')
    // They do run: here against marketplaces that listen.
    const markets = await lab.markets({ providers: ['lambda'] })
    const withKey = await testsThatRan(lab, file, { environment: { ...markets.settings, GPUFLEET_REAL_API: '1' } })
    expectSame([withKey.tests.length, withKey.failed], [2, []], 'with a key and a marketplace')
    return `${without.skipped} skipped without keys; with GPUFLEET_REAL_API=1 and a key 2 run and pass, ${withKey.skipped} are skipped`
  }),
  superseded(
    'S004-90',
    'measured in recordings: docs/reference/provider-status.md, What spot saves (2026-03-11 to 2026-08-08)',
    async () => {
      const rows = tableRows(fileText('docs/reference/provider-status.md').split('## What spot saves')[1] ?? '')
      const told = Object.values(clients).map((name) => {
        const [, often = '', measured = '', from = ''] = rows.find(([provider]) => provider === name) ?? []
        expectThat(often !== '' && measured !== '' && /20\d\d/.test(from), `${name}: ${often} ${measured} ${from}`)
        return `${name}: ${(measured.split(/[;.:]/)[0] ?? '').replace(' in the median', '')}`
      })
      for (const name of providerNames) documented(name, 'S004-90')
      expectThat(told[0]?.includes('10 %') && told[4]?.includes('50 %'), told.join(', '))
      return told.join(' | ')
    },
  ),
  kept('S004-91', async () => {
    const rows = tableRows(fileText('docs/reference/provider-status.md').split('## What spot saves')[0] ?? '')
    for (const name of providerNames) {
      const row = rows.find(([provider = '']) => provider.startsWith(clients[name]))
      expectThat(row, `no row for ${name}`)
      const { abilities } = (await import(`../../server/src/providers/${name}/description.ts`))[`${name}Description`]
      expectSame(
        [row[5] === 'yes', row[7]?.startsWith('yes')],
        [abilities.canStop, abilities.hasSpot],
        `${name}: stop, spot`,
      )
    }
    const documented = providerNames.map((name) => `${name} ${supersededRows(name).length}`)
    return `${rows.length - 1} clients: ${rows
      .slice(1)
      .map(([name, state]) => `${name} ${state}`)
      .join(', ')}; README rows: ${documented.join(', ')}`
  }),
  kept('S004-92', async (lab) => {
    const text = fileText(processPage)
    const steps = [...text.matchAll(/^(\d)\. \*\*(\w+)\.\*\*/gm)].map(([, , name]) => name)
    expectSame(
      steps,
      ['Detection', 'Assessment', 'Planning', 'Implementation', 'Testing', 'Deployment', 'Cleanup'],
      'the steps',
    )
    const rhythm = tableRows(text.split('## Review rhythm')[1] ?? '').map(([every]) => every)
    expectSame(rhythm.slice(1, 4), ['month', 'quarter', 'half year'], 'the rhythm')
    const contacts = tableRows(text.split('## Contacts')[1] ?? '').slice(1)
    expectSame(
      contacts.map(([name]) => name),
      Object.values(clients),
      'contacts',
    )
    expectThat(
      contacts.every(([, , answers = '']) => answers !== ''),
      'a contact is empty',
    )
    const metrics = await metricsNamedIn(text, lab)
    const commands = await commandsExist(text, lab)
    return `7 steps, ${rhythm.slice(1, 4).join(', ')}, ${contacts.length} contacts; ${metrics} metrics and ${commands} commands named there exist`
  }),
  kept('S004-93', async (lab) => {
    const text = fileText(emergencies)
    const headings = [...text.matchAll(/^### ([\w ]+)/gm)].map(([, heading]) => heading)
    expectSame(
      headings,
      ['Immediate', 'Short term', 'Medium term', 'Long term', 'Assessment', 'Communication', 'Migration', 'Sunset'],
      'the steps',
    )
    const server = lab.server((await lab.markets({ providers: ['vast', 'runpod'] })).settings)
    const url = await server.url
    let tried = 0
    for (const line of new Set(shellLines(text))) {
      if (/npm run|terminate <|release <|launch /.test(line)) continue
      await tries(line, url, lab)
      tried += 1
    }
    const [first = ''] = shellLines(text)
    expectThat(first.includes('"enabled": false'), 'switching off does not come first')
    const others = await commandsExist(text, lab)
    expectThat(tried >= 10, `${tried} commands were tried`)
    return `8 steps; ${tried} of their commands were run against a server as they stand, the flag first; ${others} names of commands and settings exist`
  }),
]

/** Cells of the rows of all tables, headings included, rules left out. */
function tableRows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

function shellLines(text: string): string[] {
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.trim().split('\n'))
}

/** Runs what a reader would type, against this server in place of `localhost:8080`. */
async function tries(line: string, url: string, lab: Lab): Promise<void> {
  const environment = { GPUFLEET_URL: url, GPUFLEET_API_KEY: '' }
  if (line.startsWith('curl')) {
    const command = `${line.replace('curl', 'curl -sS -w "\\n%{http_code}"').replace('localhost:8080', url)}`
    const { output } = await lab.run('sh', ['-c', command], environment)
    const status = Number(output.trim().split('\n').at(-1))
    // A key that comes from the settings can't be taken away by this call: it says so.
    const isFine = status < 300 || (line.includes('DELETE') && status < 500 && output.includes('"fix"'))
    expectThat(isFine, `${line}: ${output.slice(0, 300)}`)
    return
  }
  const command = line.replace(/^gpufleet/, `${process.execPath} cli/src/main.ts`)
  const { status, output } = await lab.run('timeout', ['40', 'sh', '-c', patient(command)], environment)
  expectThat(status === 0, `${line}: ${status}: ${output.slice(0, 300)}`)
}

/** `events` follows for ever. */
function patient(command: string): string {
  return command.includes(' events') ? `timeout -s INT 3 ${command} >/dev/null || true` : command
}

/** The metrics that a text names are among those of a server. @returns how many */
async function metricsNamedIn(text: string, lab: Lab): Promise<number> {
  const named = new Set([...text.matchAll(/`(gpufleet_\w+)`/g)].map(([, name = '']) => name))
  const world = await lab.world({ providers: ['vast'] })
  const all: string = (await world.call('GET', '/metrics')).body
  for (const name of named) expectThat(all.includes(`# TYPE ${name} `), `no metric is called ${name}`)
  return named.size
}

/** The commands, npm scripts and settings that a text names exist. @returns how many */
async function commandsExist(text: string, lab: Lab): Promise<number> {
  const { scripts } = JSON.parse(fileText('package.json'))
  const names = new Set<string>()
  for (const [, name = ''] of text.matchAll(/npm run ([\w:-]+)/g)) {
    expectThat(scripts[name], `npm run ${name} does not exist`)
    names.add(name)
  }
  const { output: help } = await lab.run(process.execPath, ['cli/src/main.ts', '--help'])
  for (const [, verb = ''] of text.matchAll(/(?:`|^)gpufleet ([a-z]+)/gm)) {
    expectThat(new RegExp(`^ +${verb}\\b`, 'm').test(help), `gpufleet ${verb} does not exist`)
    names.add(verb)
  }
  for (const [, setting = ''] of text.matchAll(/`([A-Z]+_[A-Z_]+)(?:=\w+)?`/g)) {
    const known = settings.some(({ name }) => name === setting) || /^GPUFLEET_/.test(setting)
    expectThat(known, `no setting is called ${setting}`)
    names.add(setting)
  }
  for (const [, name = ''] of text.matchAll(/\/providers\/(\w+)/g)) {
    if (name === 'versions' || name === 'contract' || name === 'provider') continue
    expectThat(Object.values(publicProviderNames).includes(name), `no provider is called ${name}`)
  }
  return names.size
}

interface TestsRun {
  tests: string[]
  failed: string[]
  skipped: number
}

async function testsThatRan(
  lab: Lab,
  files: string[],
  { named, environment = {} }: { named?: string; environment?: Record<string, string> },
): Promise<TestsRun> {
  const runner = 'node_modules/vitest/vitest.mjs'
  // Inside a test run the variables of that run must not reach this one.
  const cleared = { VITEST: '', VITEST_POOL_ID: '', VITEST_WORKER_ID: '', VITEST_MODE: '', TEST: '', NODE_ENV: '' }
  const reportFile = join(lab.folder(), 'report.json')
  const args = [
    runner,
    'run',
    ...files,
    '--reporter',
    'json',
    `--outputFile=${reportFile}`,
    ...(named ? ['-t', named] : []),
  ]
  const { output } = await lab.run(process.execPath, args, { ...cleared, ...environment })
  expectThat(existsSync(reportFile), `no report: ${output.slice(0, 300)}`)
  const report = JSON.parse(readFileSync(reportFile, 'utf8')) as {
    testResults: { assertionResults: { fullName: string; status: string }[] }[]
  }
  const all = report.testResults.flatMap((file) => file.assertionResults)
  const endedAs = (status: string) => all.filter((one) => one.status === status).map((one) => one.fullName)
  return {
    tests: endedAs('passed'),
    failed: endedAs('failed'),
    skipped: all.filter(({ status }) => status === 'skipped' || status === 'pending').length,
  }
}
