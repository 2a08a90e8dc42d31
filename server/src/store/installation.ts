import type { Database } from './sqlite.ts'

/** Whose labels the machines of this database carry; undefined in a new one. */
export async function storedInstallation(database: Database): Promise<string | undefined> {
  return (await database.selectFrom('installation').select('id').executeTakeFirst())?.id
}

export async function storeInstallation(database: Database, id: string): Promise<void> {
  await database
    .insertInto('installation')
    .values({ id })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
