// hone serve-reward: a reward for other programs, over HTTP or a pipe.
import { defineCommand } from 'citty'
import { numberFlag } from '../shell/flags.ts'
import { log } from '../out.ts'
import { openScorer } from '../reward/scorer.ts'
import { serveLines } from '../job/serve-reward/serve-lines.ts'
import { serveReward } from '../job/serve-reward/serve-reward.ts'

export default defineCommand({
  meta: { description: 'serve a reward over HTTP, or line by line with --stdio' },
  args: {
    reward: { type: 'positional', description: 'name of a reward, or a .ts file', required: true },
    mode: { type: 'enum', options: ['compat', 'strict'], description: 'as the published code, or as its paper says' },
    host: { type: 'string', description: 'address to listen on; 127.0.0.1 unless given', valueHint: 'HOST' },
    port: { type: 'string', description: 'port; 8642 unless given, 0 for any', valueHint: 'N' },
    token: { type: 'string', description: 'bearer token to demand; HONE_TOKEN unless given', valueHint: 'TEXT' },
    stdio: { type: 'boolean', description: 'rows on standard input, verdicts on standard output' },
    'answers-on': {
      type: 'string',
      description: 'descriptor for the verdicts of --stdio, after a line that says whether the reward was loaded',
      valueHint: 'N',
    },
  },
  async run({ args }) {
    const mode = args.mode ?? 'compat'
    if (args.stdio)
      return await serveLines(
        args.reward,
        mode,
        numberFlag(args['answers-on'], '--answers-on', { min: 1, integer: true }),
      )
    const port = numberFlag(args.port, '--port', { min: 0, max: 65_535, integer: true }) ?? 8642
    const scorer = openScorer(args.reward, { mode })
    const server = serveReward(scorer, {
      host: args.host ?? '127.0.0.1',
      port,
      token: args.token ?? process.env['HONE_TOKEN'],
    })
    log(`serving ${scorer.name} on ${server.url}; POST /score, described by /openapi.json; Ctrl-C ends it`)
    await new Promise<void>((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
    server.stop()
    scorer.close()
  },
})
