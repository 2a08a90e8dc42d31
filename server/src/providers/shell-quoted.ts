/**
 * One word for a POSIX shell, whatever is in it: every start script that carries a user's text is built with this.
 *
 * @throws RangeError for a NUL character, which no shell can hold; requests with one are refused before they get here
 */
export function shellQuoted(text: string): string {
  if (text.includes('\0')) throw new RangeError('a text with a NUL character cannot be passed to a shell')
  return `'${text.replaceAll("'", "'\\''")}'`
}
