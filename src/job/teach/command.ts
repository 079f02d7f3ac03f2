// The flags that distill and difficulty share, and the order of their work: read rows, ask, write what is kept, say the counts.
import { EXIT, HoneError, type ExitCode } from '../../error.ts'
import { numberFlag } from '../../shell/flags.ts'
import { promptForm } from '../../dialogue/prompt.ts'
import { openWriter } from '../../text/jsonl.ts'
import { clearStatus, log } from '../../out.ts'
import { openScorer } from '../../reward/scorer.ts'
import { readRows, rowText, type HoneRow } from '../../dialogue/row.ts'
import { withMemory, type Answerer, type Sampled } from '../answer/answerer.ts'
import { endpointAnswerer } from '../answer/endpoint.ts'
import { openTexts } from '../answer/kept.ts'
import { openModelAnswerer } from '../answer/model.ts'
import { difficulty, parseRange, type DifficultyCounts } from './difficulty.ts'
import { distill, type DistillCounts } from './distill.ts'

export const teachArguments = {
  output: {
    type: 'string',
    alias: 'o',
    description: 'file of the rows; - is standard output',
    valueHint: 'FILE',
    required: true,
  },
  endpoint: { type: 'string', description: 'OpenAI-compatible endpoint (key from OPENAI_API_KEY)', valueHint: 'URL' },
  'api-model': { type: 'string', description: 'name of the model at the endpoint', valueHint: 'NAME' },
  reward: { type: 'string', description: 'reward that accepts a reply [default: tool-n1]', valueHint: 'REWARD' },
  prompt: { type: 'string', description: 'prompt form [default: tool-n1]', valueHint: 'FORM' },
  cache: {
    type: 'string',
    description: 'file of replies, to go on from [default: OUTPUT.answers.jsonl]',
    valueHint: 'FILE',
  },
  concurrency: { type: 'string', description: 'requests under way at once [default: 8]', valueHint: 'N' },
  'per-minute': { type: 'string', description: 'requests started a minute at most', valueHint: 'N' },
  'max-new-tokens': { type: 'string', description: 'longest reply [default: 4096]', valueHint: 'N' },
  seed: { type: 'string', description: 'of sampling [default: 0]', valueHint: 'N' },
  limit: { type: 'string', description: 'rows to take [default: all]', valueHint: 'N' },
} as const

interface TeachFlags {
  file: string
  output: string
  endpoint?: string | undefined
  'api-model'?: string | undefined
  reward?: string | undefined
  prompt?: string | undefined
  cache?: string | undefined
  concurrency?: string | undefined
  'per-minute'?: string | undefined
  'max-new-tokens'?: string | undefined
  temperature?: string | undefined
  seed?: string | undefined
  limit?: string | undefined
}

interface TeachOptions extends Sampled {
  prompt: string
  /** Requests under way at once, and started a minute at most. */
  concurrency: number
  perMinute: number
}

/** hone distill. 1 where no reply was accepted. @throws HoneError */
export async function distillCommand(
  flags: TeachFlags & { attempts?: string | undefined; 'min-score'?: string | undefined },
): Promise<ExitCode> {
  const options = optionsOf(flags, 0.6)
  const attempts = numberFlag(flags.attempts, '--attempts', { min: 1, integer: true }) ?? 10
  const minimum = numberFlag(flags['min-score'], '--min-score')
  const teacher = await withTexts(flags, endpointOf(flags, options))
  const counts: DistillCounts = { accepted: 0, rejected: 0, failed: 0, replies: 0 }
  await work(flags, (rows, scorer) =>
    distill(rows, teacher, scorer, { attempts, concurrency: options.concurrency, minimum }, counts),
  )
  log(
    `accepted ${counts.accepted}  rejected ${counts.rejected}  failed ${counts.failed}  (${counts.replies} replies of ${teacher.source})`,
  )
  return counts.accepted > 0 ? EXIT.ok : EXIT.no
}

/** hone difficulty. 1 where no row is kept. @throws HoneError */
export async function difficultyCommand(
  flags: TeachFlags & {
    model?: string | undefined
    device?: string | undefined
    samples?: string | undefined
    keep?: string | undefined
  },
): Promise<ExitCode> {
  const options = optionsOf(flags, 1)
  const samples = numberFlag(flags.samples, '--samples', { min: 1, integer: true }) ?? 8
  const keep = parseRange(flags.keep ?? '0..1')
  if ((flags.model === undefined) === (flags.endpoint === undefined))
    throw new HoneError('Give either --model DIR or --endpoint URL')
  const { model: path, device } = flags
  const { prompt, ...sampled } = options
  const teacher = await withTexts(
    flags,
    path === undefined ? endpointOf(flags, options) : await openModelAnswerer({ path, device, prompt }, sampled),
  )
  const counts: DifficultyCounts = { kept: 0, easy: 0, hard: 0, failed: 0, histogram: [] }
  await work(flags, (rows, scorer) => difficulty(rows, teacher, scorer, { samples, keep }, counts))
  const most = Math.max(1, ...counts.histogram)
  for (const [passes, count] of counts.histogram.entries())
    log(
      `${passes}/${samples}`.padStart(7) +
        String(count).padStart(8) +
        `  ${'█'.repeat(Math.round((40 * count) / most))}`,
    )
  log(`kept ${counts.kept}  too easy ${counts.easy}  too hard ${counts.hard}  failed ${counts.failed}`)
  return counts.kept > 0 ? EXIT.ok : EXIT.no
}

function optionsOf(flags: TeachFlags, temperature: number): TeachOptions {
  return {
    prompt: flags.prompt ?? 'tool-n1',
    temperature: numberFlag(flags.temperature, '--temperature', { min: 0 }) ?? temperature,
    maxNewTokens: numberFlag(flags['max-new-tokens'], '--max-new-tokens', { min: 1, integer: true }) ?? 4096,
    seed: numberFlag(flags.seed, '--seed', { min: 0, integer: true }) ?? 0,
    concurrency: numberFlag(flags.concurrency, '--concurrency', { min: 1, integer: true }) ?? 8,
    perMinute: numberFlag(flags['per-minute'], '--per-minute', { min: 1 }) ?? Infinity,
  }
}

function endpointOf({ endpoint: url, 'api-model': model }: TeachFlags, { prompt, ...options }: TeachOptions): Answerer {
  if (url === undefined || model === undefined) throw new HoneError('Give --endpoint URL and --api-model NAME')
  const endpoint = { url, model, key: process.env['OPENAI_API_KEY'] }
  return endpointAnswerer(endpoint, { ...options, form: promptForm(prompt) })
}

/** The teacher with the replies of earlier runs. */
async function withTexts({ cache, output }: TeachFlags, teacher: Answerer): Promise<Answerer> {
  return withMemory(teacher, await openTexts(cache ?? (output === '-' ? undefined : `${output}.answers.jsonl`)))
}

async function work(
  flags: TeachFlags,
  ask: (rows: HoneRow[], scorer: ReturnType<typeof openScorer>) => AsyncIterable<HoneRow>,
): Promise<void> {
  const limit = numberFlag(flags.limit, '--limit', { min: 1, integer: true }) ?? Infinity
  const rows: HoneRow[] = []
  for await (const row of readRows(flags.file)) {
    if (rows.push(row) >= limit) break
  }
  const scorer = openScorer(flags.reward ?? 'tool-n1')
  const writer = openWriter(flags.output)
  try {
    for await (const row of ask(rows, scorer)) writer.write(rowText(row))
    writer.commit()
  } finally {
    clearStatus()
    writer.discard()
    scorer.close()
  }
}
