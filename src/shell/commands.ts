// The table of commands: how one is found, and what it says of itself.
import type { ArgsDef, CommandDef, SubCommandsDef } from 'citty'
import { lookup } from '../error.ts'

/**
 * Name → lazy import of a citty command. A command's `run` throws HoneError for what is wrong, and may return an exit code
 * (`EXIT.no` when the answer is no); anything else it returns is ignored.
 */
export type CommandTable = SubCommandsDef
export type Command = CommandDef<ArgsDef>

/** Throws HoneError with the nearest name where there is no such command. */
export async function loadCommand(table: CommandTable, name: string): Promise<Command> {
  return await resolve<Command>(lookup(table, 'command', name, { hint: 'run hone --help to see the commands' }))
}

export async function argumentsOf(command: Command): Promise<ArgsDef> {
  return await resolve<ArgsDef>(command.args ?? {})
}

export async function describe(name: string, command: Command): Promise<{ name: string; description: string }> {
  const { description = '' } = await resolve(command.meta ?? {})
  return { name, description }
}

/** citty lets every part be a value, a promise or a function that gives one. */
async function resolve<T>(input: T | Promise<T> | (() => T | Promise<T>)): Promise<T> {
  return await (input instanceof Function ? input() : input)
}
