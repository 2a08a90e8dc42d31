import { settings } from '../../server/src/config/settings.ts'
import { madeFrom, rows } from './page.ts'

/** docs/reference/settings.md: every setting with its default. */
export function settingsPage(): string {
  const groups = [...new Set(settings.map(({ group }) => group))]
  return [
    '# Settings',
    madeFrom('server/src/config/settings.ts'),
    'They come from the environment, and from the file that `ENV_FILE` names: `npm start` takes `.env`. What the environment sets wins. Wrong settings stop the start, all of them named at once.',
    '*live*: a reload takes it over (`POST /api/v1/admin/reload`, SIGHUP, or a change of the file). Everything else needs a restart. *secret*: printed nowhere.',
    ...groups.flatMap((group) => [
      `## ${group}`,
      rows(
        ['setting', 'default', '', 'what it is'],
        settings
          .filter((setting) => setting.group === group)
          .map(({ name, aliases = [], default: value, live, secret, description }) => [
            `\`${name}\``,
            value === undefined ? '' : `\`${value}\``,
            [...(live ? ['live'] : []), ...(secret ? ['secret'] : [])].join(', '),
            aliases.length === 0 ? description : `${description} Also read as ${aliases.join(', ')}.`,
          ]),
      ),
    ]),
  ]
    .join('\n\n')
    .concat('\n')
}
