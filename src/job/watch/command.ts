// hone watch at work: runs, or those of a study, as a page that follows them, as one file, or as text.
import * as v from 'valibot'
import { data, flush, log } from '../../out.ts'
import { fileOf } from '../../rundir/watch/offline.ts'
import { servePage } from '../../rundir/watch/serve.ts'
import { textOf } from '../../rundir/watch/text.ts'
import { watchedAt } from '../../rundir/watch/watched.ts'
import { argument, file, folder, otherwise, port, say, toggle } from '../../text/setting.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { lensOf } from './lens.ts'
import { followText } from './follow-text.ts'

export const WatchFlags = v.object({
  runs: argument(v.array(folder()), 'run directories, or that of a study'),
  text: say(toggle(), 'draw it here: a terminal follows the run, elsewhere it is drawn once'),
  html: say(v.optional(file()), 'write the page as one file and stop'),
  port: say(otherwise(port(), 'any free one'), 'port on 127.0.0.1'),
})

/** @throws HoneError where a directory holds no run. */
export async function watch({ runs, text, html, port = 0 }: v.InferOutput<typeof WatchFlags>): Promise<void> {
  const watched = watchedAt(runs)
  if (html !== undefined) {
    const lenses = await Promise.all(watched.runs.map(({ directory }) => lensOf(directory)))
    const { html: page, left } = fileOf(watched, lenses)
    writeFileAtomic(html, page)
    log(`${html}  ${(page.length / 1e6).toFixed(1)} MB`)
    if (left > 0) log(`completions of ${left} steps, the earliest, found no room in it`)
    return
  }
  if (text) return process.stdout.isTTY ? await followText(runs) : textOf(watched).forEach(data)
  // What the first card needs is read while the browser opens; what goes wrong is met again there.
  for (const { directory } of watched.runs.slice(0, 1)) lensOf(directory).catch(() => undefined)
  const server = servePage({ watched: () => watchedAt(runs), port, lensOf })
  data(server.url.href)
  flush()
  log('Ctrl-C ends the page, not the run')
  await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
  await server.stop(true)
}
