#!/usr/bin/env bun
// hone from the command line.
import { commands } from './commands.ts'
import { runCli } from './shell/cli.ts'

/** Runs one command line and sets the exit code. */
export const hone = (argv: readonly string[]): Promise<void> =>
  runCli(commands, argv, async (environment) => {
    if (Object.keys(environment).some((name) => name.startsWith('HONE_')))
      await (await import('./job/variables.ts')).checkVariables(environment)
  })

if (import.meta.main)
  // Only a process that another one has started can hear from it.
  if (process.env['HONE_JOIN'] !== undefined && process.send) (await import('./job/train/process.ts')).joinRun()
  else await hone(process.argv.slice(2))
