// The manual with all that its reference lists.
import { loadAll } from '../shell/builtins.ts'
import type { CommandTable } from '../shell/command.ts'
import type { Manual } from './page.ts'
import { references } from './references.ts'

export async function openManual(table: CommandTable): Promise<Manual> {
  const commands = await loadAll(table)
  const listed = await Promise.all(
    references.map(async (reference) => ({ ...reference, entries: (await reference.load())(commands) })),
  )
  return { commands, listed }
}
