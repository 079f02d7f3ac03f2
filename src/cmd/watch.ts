// hone watch: a run as a page that follows it, as one file, or as text.
import { defineCommand } from 'citty'
import { numberFlag } from '../shell/flags.ts'
import { writeFileAtomic } from '../text/jsonl.ts'
import { data, flush, log } from '../out.ts'
import { readRecord } from '../rundir/run.ts'
import { pageOf } from '../rundir/watch/page.ts'
import { servePage } from '../rundir/watch/serve.ts'
import { textOf } from '../rundir/watch/text.ts'

export default defineCommand({
  meta: { description: 'follow a run on a page of this machine, or show it as text' },
  args: {
    run: { type: 'positional', required: true, description: 'run directory' },
    text: { type: 'boolean', description: 'print charts and stop' },
    html: { type: 'string', valueHint: 'FILE', description: 'write the page as one file and stop' },
    port: { type: 'string', valueHint: 'N', description: 'port on 127.0.0.1 [default: any free one]' },
  },
  async run({ args }) {
    const port = numberFlag(args.port, '--port', { min: 0, max: 65_535, integer: true }) ?? 0
    readRecord(args.run)
    if (args.html !== undefined) return writeFileAtomic(args.html, pageOf(args.run, { live: false }))
    if (args.text) return textOf(args.run).forEach(data)
    const server = servePage(args.run, port)
    data(server.url.href)
    flush()
    log('Ctrl-C ends the page, not the run')
    await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
    await server.stop(true)
  },
})
