// A study as a file: arms of stages over seeds, what they share, how they are judged and what they must reach.
import { basename } from 'node:path'
import * as v from 'valibot'
import { HoneError, unknownName } from '../../error.ts'
import { isTree, readConfigFile, type Tree } from '../../shell/config-file.ts'
import { environmentSettings } from '../../rl/environment-settings.ts'
import { count } from '../../text/setting.ts'
import { spellings } from '../train/kinds.ts'
import { setName } from '../train/rows.ts'
import { readBar } from './bar.ts'
import { costNames } from './costs.ts'
import { findStage, stages as table } from './stages.ts'
import { type Stage, START, type Study } from './study.ts'
import { Way } from './ways.ts'

const tree = v.custom<Tree>(isTree, 'expected settings by name')
const files = v.pipe(
  v.union([v.string(), v.array(v.string())], 'expected a file or a list of files'),
  v.transform((value) => (typeof value === 'string' ? [value] : value)),
)
export const StudyFile = v.strictObject({
  model: v.string(),
  seeds: v.optional(v.pipe(v.array(count(0)), v.minLength(1)), [0, 1, 2]),
  settings: v.optional(tree, {}),
  arms: v.pipe(
    v.record(v.string(), v.array(tree)),
    v.check((arms) => Object.keys(arms).length > 0, 'expected at least one arm'),
  ),
  against: v.optional(v.string(), START),
  evaluate: v.strictObject({
    data: files,
    reward: v.optional(v.string(), 'tool-n1'),
    rows: v.optional(count()),
    ways: v.optional(v.record(v.string(), Way), {}),
  }),
  bars: v.optional(v.array(v.string()), []),
})

/** @throws HoneError, with its line, for what the file may not say */
export function readStudy(path: string): Study {
  const file = readConfigFile(path)
  const parsed = v.safeParse(StudyFile, file.values)
  if (!parsed.success) {
    const issue = parsed.issues[0]
    const keys = (issue.path ?? []).map(({ key }) => String(key))
    const known = Object.keys(StudyFile.entries)
    const [key = ''] = keys
    if (keys.length === 1 && key in file.values && !known.includes(key))
      throw unknownName('key of a study', key, known, { at: file.at(keys) })
    const absent = issue.received === 'undefined'
    throw new HoneError(
      `Cannot read the study: ${keys.join('.') || 'the file'}${absent ? ' is absent' : `: ${issue.message}`}`,
      { at: file.at(absent ? keys.slice(0, -1) : keys) },
    )
  }
  const { arms, bars, ...said } = parsed.output
  if (Object.hasOwn(arms, START))
    throw new HoneError(`Cannot read the study: the arm ${START} is the model as it comes`, {
      at: file.at(['arms', START]),
    })
  const stages = Object.entries(arms).map(
    ([name, list]) => [name, list.map((stage) => stageOf(stage, name, file.at(['arms', name])))] as const,
  )
  const all = new Map<string, readonly Stage[]>([[START, []], ...stages])
  const used = [...new Set(stages.flatMap(([, list]) => list.map(({ kind }) => kind)))].map(findStage)
  // Who answers in the evaluation is a setting of the study, whatever its stages are.
  const taken = [...used.map(({ schema }) => spellings(schema)), spellings(v.object(environmentSettings))]
  for (const key of Object.keys(said.settings))
    if (!taken.some(({ has }) => has(key)))
      throw unknownName('setting', key, [...new Set(taken.flatMap(({ all }) => all))], {
        at: file.at(['settings', key]),
        hint: 'no stage of the study has it',
      })
  const { data, ways } = said.evaluate
  const split = data.find((each) => basename(each).includes('{seed}'))
  if (split !== undefined)
    throw new HoneError(`Cannot evaluate "${split}": a file has one name for all seeds`, {
      at: file.at(['evaluate', 'data']),
      hint: 'let {seed} name a folder that it lies in',
    })
  const sets = data.map(setName)
  const known = {
    arms: [...all.keys()],
    parts: [...sets, ...Object.keys(ways), ...used.flatMap((row) => row.parts), ...costNames(sets)],
  }
  if (!all.has(said.against)) throw unknownName('arm', said.against, known.arms, { at: file.at(['against']) })
  return { path, ...said, arms: all, bars: bars.map((text) => readBar(text, known, file.at(['bars']))) }
}

function stageOf(stage: Tree, arm: string, at: string): Stage {
  const [entry, ...others] = Object.entries(stage)
  if (!entry || others.length > 0)
    throw new HoneError(`Cannot read the arm ${arm}: a stage is one of its kind with its settings`, {
      at,
      hint: `such as {sft: {steps: 40}}; stages: ${Object.keys(table).join(', ')}`,
    })
  const [kind, settings] = entry
  if (!Object.hasOwn(table, kind)) throw unknownName('stage', kind, Object.keys(table), { at })
  if (settings !== null && !isTree(settings))
    throw new HoneError(`Cannot read the arm ${arm}: the settings of ${kind} are no mapping`, { at })
  const known = spellings(table[kind]!.schema)
  for (const key of Object.keys(settings ?? {}))
    if (!known.has(key)) throw unknownName('setting', key, known.all, { at, hint: `${kind} does not have it` })
  return { kind, settings: settings ?? {} }
}
