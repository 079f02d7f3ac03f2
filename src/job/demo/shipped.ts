// Shipped studies: what they are, and one from its task to its bars.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { EXIT, type ExitCode, HoneError, lookup } from '../../error.ts'
import { makeFolder } from '../../gpu/weights/folder.ts'
import { data, log } from '../../out.ts'
import type { Tree } from '../../shell/config-file.ts'
import { table } from '../../shell/table.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { studyCommand, StudyFlags } from '../study/command.ts'
import { filledIn } from '../study/study.ts'

/** A study that the binary carries. */
export interface Shipped {
  what: string
  minutes: number
  file: Readonly<Record<string, unknown>>
  write?(folder: string): void | Promise<void>
  writeSeed?(folder: string, seed: number): void | Promise<void>
}

const { only, seeds, jobs, format } = StudyFlags.entries
/** Flags of a study that its demonstration takes too. */
export const studyFlags = { only, seeds, jobs, format }

/** What is kept of a study's answers, word for word. */
const ANSWERS = 10

/** What is shown where no study is named. */
export const MINICALL = {
  name: 'minicall',
  minutes: 2,
  what: 'a model of 2.5 million parameters learns to call tools it has never seen (Tool-N1)',
  bars: [] as string[],
}

export function listStudies(studies: Readonly<Record<string, Shipped>>, format: 'text' | 'json'): ExitCode {
  const named = Object.entries(studies).map(([name, { what, minutes, file }]) => ({
    name,
    minutes,
    what,
    bars: barsOf(file),
  }))
  const rows = [MINICALL, ...named]
  if (format === 'json') for (const row of rows) data(JSON.stringify(row))
  else
    for (const line of table([
      ['study', 'minutes', 'bars', 'what it shows'],
      ...rows.map(({ name, minutes, what, bars }) => [name, String(minutes), bars.join(', '), what]),
    ]))
      data(line)
  return EXIT.ok
}

/** Its task is written once; a study that was interrupted goes on. @throws HoneError for a study that there is not */
export async function demoStudy(
  studies: Readonly<Record<string, Shipped>>,
  name: string,
  {
    output = join('runs', name),
    ...flags
  }: { output?: string | undefined } & Pick<v.InferOutput<typeof StudyFlags>, 'only' | 'seeds' | 'jobs' | 'format'>,
  given: Tree,
): Promise<ExitCode> {
  const { what, minutes, file, write, writeSeed } = lookup(studies, 'study', name, {
    hint: 'hone demo --list names them',
  })
  const [setting] = Object.keys(given)
  if (setting !== undefined)
    throw new HoneError(`Cannot set ${setting} of the study ${name}: its settings stand in its file`, {
      hint: `change a copy of ${fileOf(output)} and run it with hone study`,
    })
  const path = fileOf(output)
  log(`${what}: about ${minutes} minutes on 2 idle cores`)
  for (const bar of barsOf(file)) log(`bar  ${bar}`)
  if (!existsSync(path)) {
    const task = join(output, 'task')
    makeFolder(task)
    await write?.(task)
    for (const seed of new Set([...seedsOf(file), ...(flags.seeds ?? [])]))
      await writeSeed?.(join(task, String(seed)), seed)
    writeFileAtomic(path, `${JSON.stringify(filledIn(file, 'task', task), null, 2)}\n`)
  }
  return await studyCommand({ ...flags, file: path, output, answers: ANSWERS })
}

/** The study as it is run; beside its runs a file of that name says where they stand. */
const fileOf = (output: string): string => join(output, 'task', 'study.json')

const seedsOf = ({ seeds }: Shipped['file']): number[] => v.parse(v.array(v.number()), seeds)
const barsOf = ({ bars }: Shipped['file']): string[] => v.parse(v.array(v.string()), bars)
