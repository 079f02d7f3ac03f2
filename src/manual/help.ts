// hone help: the list of topics, one page, the help of a command, all commands for a program to read.
import * as v from 'valibot'
import { data } from '../out.ts'
import { helpOf, loadAll, loadCommand } from '../shell/builtins.ts'
import type { CommandTable } from '../shell/command.ts'
import { describe } from '../shell/help.ts'
import { argument, say, type Settings, text, toggle } from '../text/setting.ts'
import { contents } from './contents.ts'
import { find } from './find.ts'
import { onTerminal } from './terminal.ts'

export const helpFlags = {
  topic: argument(v.optional(text('TOPIC')), 'page, command, or anything that a table of hone names'),
  json: say(toggle(), 'every command and option, for a program to read'),
}

export async function help({ topic, json }: Settings<typeof helpFlags>, table: CommandTable): Promise<void> {
  const stream = process.stdout
  if (json) {
    data(JSON.stringify((await loadAll(table)).map(describe), null, 2))
  } else if (topic !== undefined && Object.hasOwn(table, topic)) {
    data(await helpOf(topic, await loadCommand(table, topic), [], stream))
  } else {
    const markdown = topic === undefined ? contents() : find(topic, await loadAll(table))
    for (const line of stream.isTTY ? onTerminal(markdown, stream) : markdown.trimEnd().split('\n')) data(line)
  }
}
