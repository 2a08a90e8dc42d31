import picocolors from 'picocolors'

export type Colors = ReturnType<typeof picocolors.createColors>

/** No colour where nobody sees it, and none where NO_COLOR is set: no-color.org. */
export function colorsFor(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Colors {
  return picocolors.createColors(isTerminal && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb')
}

const esc = String.fromCharCode(27)
const controls = new RegExp(`${esc}(?!\\[[0-9;]*m)|[^\\P{Cc}\\t\\n${esc}]`, 'gu')

/** Takes out what could move the cursor or rename the window: marketplaces and machines write some of what we print. */
export function withoutControls(text: string): string {
  return text.replace(controls, '')
}
