// hone help: the list of topics, one page, the help of a command, all commands for a program to read.
import * as v from 'valibot'
import { data, log } from '../out.ts'
import { helpOf, loadAll, loadCommand } from '../shell/builtins.ts'
import { isColoured } from '../shell/colour.ts'
import type { CommandTable } from '../shell/command.ts'
import { describe } from '../shell/help.ts'
import { argument, folder, say, type Settings, text, toggle } from '../text/setting.ts'
import { version } from '../shell/version.ts'
import { contents } from './contents.ts'
import { find, topics } from './find.ts'
import { manPage } from './man.ts'
import { openManual } from './open.ts'
import { pages } from './pages.ts'
import { writeSite } from './site.ts'
import { onTerminal } from './terminal.ts'

export const helpFlags = {
  topic: argument(
    v.optional(v.pipe(text('TOPIC'), v.metadata({ known: topics() }))),
    'page, command, or anything that a table of hone names',
  ),
  html: say(v.optional(folder()), 'write the whole manual as pages into this new folder'),
  man: say(toggle(), 'the manual page hone(1), as troff'),
  json: say(toggle(), 'every command and option, for a program to read'),
}

export async function help({ topic, html, man, json }: Settings<typeof helpFlags>, table: CommandTable): Promise<void> {
  const stream = process.stdout
  if (json) {
    data(JSON.stringify((await loadAll(table)).map(describe), null, 2))
  } else if (man) {
    data(manPage(await loadAll(table), version, new Date().toISOString().slice(0, 10)).trimEnd())
  } else if (html !== undefined) {
    log(`${writeSite(html, await openManual(table))} pages in ${html}: open ${html}/index.html`)
  } else if (topic !== undefined && Object.hasOwn(table, topic)) {
    data(await helpOf(topic, await loadCommand(table, topic), [], stream))
  } else {
    const page = pages.find(({ name }) => name === topic)?.markdown
    const markdown = topic === undefined ? contents() : (page ?? find(topic, await openManual(table)))
    const drawn = stream.isTTY || isColoured(stream)
    for (const line of drawn ? onTerminal(markdown, stream) : markdown.trimEnd().split('\n')) data(line)
  }
}
