/**
 * What an answer lacks of what its document shows: a field that is missing, or has another type. Values are the market's own,
 * so they are not compared; a `null` in the document promises the field and nothing more.
 *
 * @param tables  paths of objects whose keys are data, such as GPU names: any one entry stands for all
 */
export function lacking(found: unknown, documented: unknown, tables: readonly string[] = [], path = ''): string[] {
  const here = path === '' ? 'the answer' : path
  if (documented === null) return found === undefined ? [`${here} is missing`] : []
  if (typeOf(found) !== typeOf(documented)) return [`${here} is ${typeOf(found)}, not ${typeOf(documented)}`]
  if (Array.isArray(documented)) return lackingInList(found as unknown[], documented, tables, path)
  if (typeof documented !== 'object') return []
  if (tables.includes(path)) {
    const [example] = Object.values(documented)
    return Object.entries(found as object).flatMap(([key, one]) => lacking(one, example, tables, `${path}[${key}]`))
  }
  return Object.entries(documented).flatMap(([key, one]) => {
    const inner = path === '' ? key : `${path}.${key}`
    const value = (found as Record<string, unknown>)[key]
    return value === undefined ? [`${inner} is missing`] : lacking(value, one, tables, inner)
  })
}

/**
 * Each is like one that is shown. Where those have names, each name is there; what has another name, or is another event, is
 * ours.
 */
function lackingInList(found: unknown[], documented: unknown[], tables: readonly string[], path: string): string[] {
  const names = documented.map((shown) => wordIn(shown, 'name')).filter((name) => name !== undefined)
  const absent = names.filter((name) => !found.some((one) => wordIn(one, 'name') === name))
  const wrong = found.flatMap((one, index) => {
    const like = documented.filter((shown) =>
      ['name', 'event'].every((key) => wordIn(shown, key) === undefined || wordIn(shown, key) === wordIn(one, key)),
    )
    const complaints = like.map((shown) => lacking(one, shown, tables, `${path}[${index}]`))
    return complaints.sort((fewer, more) => fewer.length - more.length)[0] ?? []
  })
  return [...absent.map((name) => `${path} has no ${name}`), ...wrong]
}

function wordIn(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  return value === null ? 'null' : typeof value
}
