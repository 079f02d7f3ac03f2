// hone watch at work: a run as a page that follows it, as one file, or as text.
import * as v from 'valibot'
import { loadTokenizer } from '../dialogue/chat.ts'
import { HoneError } from '../error.ts'
import { data, flush, log } from '../out.ts'
import { readRecord } from '../rundir/run.ts'
import { pageOf } from '../rundir/watch/page.ts'
import { type Spell, spellerOf } from '../rundir/watch/rollouts.ts'
import { servePage } from '../rundir/watch/serve.ts'
import { textOf } from '../rundir/watch/text.ts'
import { writeFileAtomic } from '../text/jsonl.ts'
import { modelFolder } from './model-folder.ts'
import { argument, file, folder, otherwise, port, say, toggle } from '../text/setting.ts'

export const WatchFlags = v.object({
  run: argument(folder(), 'run directory'),
  text: say(toggle(), 'print charts and stop'),
  html: say(v.optional(file()), 'write the page as one file and stop'),
  port: say(otherwise(port(), 'any free one'), 'port on 127.0.0.1'),
})

/** @throws HoneError where the directory holds no run. */
export async function watch({ run, text, html, port = 0 }: v.InferOutput<typeof WatchFlags>): Promise<void> {
  const { settings } = readRecord(run)
  if (html !== undefined)
    return writeFileAtomic(html, pageOf(run, { live: false, spell: await spellingOf(settings['model']) }))
  if (text) return textOf(run, process.stdout.columns).forEach(data)
  const server = servePage(run, port, await spellingOf(settings['model']))
  data(server.url.href)
  flush()
  log('Ctrl-C ends the page, not the run')
  await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
  await server.stop(true)
}

/** How the run's model spells tokens; completions are shown as text alone where it has moved. */
async function spellingOf(model: unknown): Promise<Spell> {
  try {
    const { decode } = await loadTokenizer(modelFolder(String(model)).model)
    return spellerOf(decode)
  } catch (error) {
    if (!(error instanceof HoneError)) throw error
    log(`tokens are not shown: ${error.message}`)
    return undefined
  }
}
