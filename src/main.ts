#!/usr/bin/env bun
// The table of commands: name → lazy import. Nothing else is loaded before a command is chosen.
import { runCli, type CommandTable } from './cli.ts'

const commands = {} satisfies CommandTable

await runCli(commands, process.argv.slice(2))
