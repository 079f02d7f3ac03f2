// hone export CONFIG --for verl: a job for verl on Ray out of the configuration of a run.
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { formats } from '../../../data/formats.ts'
import { promptForm } from '../../../dialogue/prompt.ts'
import { toRow } from '../../../dialogue/row.ts'
import { HoneError } from '../../../error.ts'
import { log } from '../../../out.ts'
import { selfCommand } from '../../../reward/scorer.ts'
import type { TrainRecipe } from '../../../rl/recipe.ts'
import { notice } from '../../../shell/notice.ts'
import { writeFileAtomic } from '../../../text/jsonl.ts'
import { readRowValues } from '../../../data/rows.ts'
import { shim } from '../shim.ts'
import { counterparts } from './counterparts.ts'
import launch from './launch.sh' with { type: 'text' }

/** Keys of verl's configuration as the tree that they are. */
interface Tree {
  [name: string]: Tree | string | number | boolean | null | readonly (string | number)[]
}

/**
 * Writes rows, reward, settings, a script that starts it and what has no counterpart into `folder`. @throws HoneError for a folder
 * with something else in it, and for rows that are none.
 */
export async function exportVerlJob(recipe: TrainRecipe, folder: string): Promise<void> {
  const names = ['train.parquet', 'val.parquet', 'reward.py', 'overrides.yaml', 'launch.sh', 'missing.md']
  if (existsSync(folder) && readdirSync(folder).some((name) => !names.includes(name)))
    throw new HoneError('Cannot write the job: the folder holds other files', { at: folder, hint: 'give a new folder' })
  mkdirSync(folder, { recursive: true })
  const { set, missing } = inVerl(recipe)
  const held = recipe.evalData.length > 0 ? recipe.evalData : recipe.data
  if (recipe.evalData.length === 0)
    missing.push(['evalData', 'verl needs held-out rows: the first rows of training stand in val.parquet'])
  const trained = await writeRows(recipe, recipe.data, join(folder, 'train.parquet'), 'train', Infinity)
  const judged = await writeRows(recipe, held, join(folder, 'val.parquet'), 'test', recipe.evalRows ?? Infinity)
  const { reward, rewardMode: mode } = recipe
  const write = (name: string, text: string) => writeFileAtomic(join(folder, name), text)
  write('reward.py', shim('verl', { reward, mode, command: selfCommand() }))
  write('overrides.yaml', `${Bun.YAML.stringify(treeOf(set), null, 2).trimEnd()}\n`)
  write('launch.sh', launch)
  chmodSync(join(folder, 'launch.sh'), 0o755)
  write('missing.md', missingPage(missing))
  log(`wrote ${trained} rows to train on, ${judged} held-out ones and a job for verl into ${folder}`)
  for (const [name, why] of missing) notice.warn(`${name}: ${why}`)
}

/** The keys of verl's configuration, and by setting what it lacks. */
export function inVerl(recipe: TrainRecipe): { set: Record<string, unknown>; missing: [string, string][] } {
  const found = Object.entries(counterparts).map(([name, row]) => ({ name, ...row(recipe) }))
  const missing = found.flatMap(({ name, missing }): [string, string][] =>
    missing === undefined ? [] : [[name, missing]],
  )
  if (promptForm(recipe.prompt).template)
    missing.push([
      'prompt',
      `${recipe.prompt} lets the chat template render the tools, and verl's loader gives it messages alone`,
    ])
  return { set: Object.assign({}, ...found.map(({ set }) => set)), missing }
}

async function writeRows(
  recipe: TrainRecipe,
  files: readonly string[],
  path: string,
  split: 'train' | 'test',
  most: number,
): Promise<number> {
  const writer = formats.verl.open(path, { form: promptForm(recipe.prompt), split })
  let rows = 0
  for (const file of files) {
    let taken = 0
    for await (const { value, line } of readRowValues(file)) {
      if (taken++ >= most) break
      writer.write(toRow(value, `${file}:${line}`))
      rows++
    }
  }
  writer.commit()
  return rows
}

export function treeOf(set: Readonly<Record<string, unknown>>): Tree {
  const tree: Tree = {}
  for (const [key, value] of Object.entries(set)) {
    const parts = key.split('.')
    let at = tree
    for (const part of parts.slice(0, -1)) at = (at[part] ??= {}) as Tree
    at[parts.at(-1)!] = value as Tree[string]
  }
  return tree
}

const missingPage = (missing: readonly [string, string][]): string =>
  [
    '# What verl has no counterpart for',
    '',
    ...(missing.length === 0
      ? ['Nothing: every setting of the recipe has one.']
      : missing.map(([name, why]) => `- \`${name}\`: ${why}.`)),
    '',
    'hone divides by the tokens of a whole optimizer step however it is cut, and resumes bit for bit; of verl neither is promised.',
    '',
  ].join('\n')
