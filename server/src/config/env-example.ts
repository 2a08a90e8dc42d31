import { settings } from './settings.ts'

/** The text of `.env.example`: every setting with its default, commented out. */
export function envExample(): string {
  const lines = [
    '# Every setting of gpufleet. Copy to .env and take away the # in front of what you want to change.',
    '# Made from server/src/config/settings.ts by `npm run generate`.',
  ]
  let group = ''
  for (const setting of settings) {
    if (setting.group !== group) {
      group = setting.group
      lines.push('', `## ${group}`)
    }
    lines.push('', `# ${setting.description}`)
    if (setting.aliases?.length) lines.push(`# Also read as ${setting.aliases.join(', ')}.`)
    lines.push(`#${setting.name}=${setting.default ?? ''}`)
  }
  return `${lines.join('\n')}\n`
}
