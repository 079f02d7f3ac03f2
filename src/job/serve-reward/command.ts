// hone serve-reward at work: a reward for other programs, over HTTP or a pipe.
import * as v from 'valibot'
import { log } from '../../out.ts'
import { openScorer } from '../../reward/scorer.ts'
import { argument, count, otherwise, port, say, text, toggle } from '../../text/setting.ts'
import { mode, rewardName } from '../flags.ts'
import { serveLines } from './serve-lines.ts'
import { serveReward } from './serve-reward.ts'

export const ServeRewardFlags = v.object({
  reward: argument(rewardName(), 'name of a reward, a .ts file, or model:DIR'),
  mode,
  host: say(v.optional(text('HOST'), '127.0.0.1'), 'address to listen on'),
  port: say(v.optional(port(), 8642), 'port to listen on; 0 takes any'),
  token: say(otherwise(text('TEXT'), 'HONE_TOKEN'), 'bearer token to demand'),
  stdio: say(toggle(), 'rows on standard input, verdicts on standard output'),
  answersOn: say(
    otherwise(count(), 'standard output'),
    'descriptor for the verdicts of --stdio, after a line that says whether the reward was loaded',
  ),
})

/**
 * Until interrupted, or until the rows end. @throws HoneError for a reward that does not exist, and an address that
 * cannot be served.
 */
export async function serveRewardCommand(flags: v.InferOutput<typeof ServeRewardFlags>): Promise<void> {
  const { reward, mode, host, port, token = process.env['HONE_TOKEN'] } = flags
  if (flags.stdio) return await serveLines(reward, mode, flags.answersOn)
  const scorer = openScorer(reward, { mode })
  const server = serveReward(scorer, { host, port, token })
  log(`serving ${scorer.name} on ${server.url}; POST /score, described by /openapi.json; Ctrl-C ends it`)
  await new Promise<void>((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
  server.stop()
  scorer.close()
}
