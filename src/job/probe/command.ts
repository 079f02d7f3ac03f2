// hone probe: what hidden states say of a model's own yes or no, fitted, measured beside simpler ways, saved and used.
import * as v from 'valibot'
import { HoneError } from '../../error.ts'
import { openDevice } from '../../gpu/device/open.ts'
import { onDevice } from '../../gpu/device/spec.ts'
import { type Model, openModel } from '../../gpu/policy/model.ts'
import { clearStatus, data, log, status } from '../../out.ts'
import { argument, count, file, folder, nonEmpty, orNone, say, share } from '../../text/setting.ts'
import { requireApart } from '../apart.ts'
import { formName } from '../flags.ts'
import { modelFolder } from '../model-folder.ts'
import { type Language, openLanguage } from '../open.ts'
import { type Answered, byScore, decide, type Labelled, methods, RANDOM, type Rules } from './decide.ts'
import { type Probe, readProbe, writeProbe } from './file.ts'
import { bestLayer, type Fitted, fitDirections, split } from './fit.ts'
import {
  accuracyOf,
  type Accuracy,
  type Halves,
  layersOf,
  meanAccuracy,
  type ProbeReport,
  reportLines,
} from './report.ts'
import { type Item, readItems, readPairs } from './rows.ts'
import { ask, type Directions, type Looks, scoreOf, type States, type Words } from './states.ts'
import { randomDirection } from './vector.ts'

const whole = (least: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(least))
const numbers = (least: number) => v.pipe(v.array(whole(least)), v.minLength(1))

export const ProbeFlags = v.object({
  model: argument(folder(), 'folder of a model, or of a finished run'),
  pairs: say(
    v.optional(file()),
    'fit a direction on rows {positive, negative, answer?}: prompts that differ in what is looked for',
  ),
  probe: say(v.optional(file()), 'use a probe that was fitted before'),
  data: say(
    v.optional(file()),
    'questions of yes or no: rows of messages, prompt or input_ids, with the right one as label',
  ),
  output: say(v.optional(file()), 'file of the probe', 'o'),
  layers: say(
    orNone(numbers(-1000), 'the one that tells held-out pairs apart best; of equal ones, that decides best'),
    'layers whose scores are averaged: 0 the embeddings, -1 the last',
  ),
  positions: say(
    v.optional(numbers(0), [0]),
    'tokens that are looked at: 0 the last of the prompt, 1 the first of the answer',
  ),
  yes: say(v.optional(nonEmpty(), 'Yes'), 'the one answer; its first token counts'),
  no: say(v.optional(nonEmpty(), 'No'), 'the other'),
  share: say(v.optional(share(), 0.5), 'of pairs and of labelled rows that is fitted on; the others judge'),
  seed: say(v.optional(count(0), 0), 'of the split and of the random directions'),
  prompt: say(v.optional(formName(), 'native'), 'prompt form of messages'),
  ...onDevice(),
  format: say(
    v.optional(v.picklist(['text', 'json', 'ndjson']), 'text'),
    'stdout: tables, their figures, or a row per question',
  ),
})
export type ProbeFlags = v.InferOutput<typeof ProbeFlags>

/** Random directions that stand against the probe's. */
const DRAWN = 20

/** What a probe was found to be worth, and what it says of each question. */
interface Fit {
  report: ProbeReport
  asked: readonly Asked[]
  rules: Rules | undefined
}

/** @throws HoneError for flags that do not go together, and for a model or rows that cannot be used */
export async function probeCommand(flags: ProbeFlags): Promise<void> {
  requireSense(flags)
  const { report, asked, rules } = await fitProbe(flags)
  if (flags.format === 'ndjson') for (const each of asked) data(JSON.stringify(rowOf(each, rules)))
  else if (flags.format === 'json') data(JSON.stringify(report))
  for (const line of reportLines(report)) flags.format === 'text' ? data(line) : log(line)
}

/** Fit a probe or use one; it is written where a file is named. @throws HoneError for a model or rows that cannot be used */
export async function fitProbe(flags: ProbeFlags): Promise<Fit> {
  const { model: folder, adapter } = modelFolder(flags.model)
  const language = await openLanguage({ model: folder, prompt: flags.prompt })
  const pairs = flags.pairs === undefined ? undefined : await readPairs(flags.pairs, language)
  const items = flags.data === undefined ? [] : await readItems(flags.data, language)
  const known = flags.probe === undefined ? undefined : readProbe(flags.probe, language.config)
  const model = openModel(await openDevice(flags.device, flags), folder, { adapter })
  try {
    const positions = known?.positions ?? [...new Set(flags.positions)].toSorted((a, b) => a - b)
    const layers = layersWanted(flags, language)
    const fitted = pairs ? fitDirections(model, pairs, { ...flags, positions, layers }) : []
    const { yes, no } = known ?? flags
    const words = wordsOf({ yes, no }, language)
    const asked = askAll(model, items, words, { directions: known?.directions ?? fitted, positions })
    const directions = known?.directions ?? taken(flags, fitted, asked)
    const probe = {
      hidden: language.config.hidden,
      directions,
      positions,
      yes,
      no,
      ...(known?.rules && { rules: known.rules }),
    }
    return measured(flags, probe, scored(asked, directions), fitted)
  } finally {
    clearStatus()
    model.free()
  }
}

/** Those that were wanted, else the best: where pairs do not tell layers apart, the rows that rules are fitted on do. */
function taken(flags: ProbeFlags, fitted: readonly Fitted[], asked: readonly Asked[]): Probe['directions'] {
  const worth = (each: Fitted) => {
    const halves = halvesOf(flags, scored(asked, [each]))
    return halves ? accuracyOf('', methods.probe, { ...halves, test: halves.fit }).fit : 0
  }
  const chosen = flags.layers === null ? [bestLayer(fitted, worth)] : fitted
  return chosen.map(({ layer, direction }) => ({ layer, direction: [...direction] }))
}

function measured(flags: ProbeFlags, probe: Probe, asked: readonly Asked[], fitted: readonly Fitted[]): Fit {
  const halves = halvesOf(flags, asked)
  // A probe that comes with its rules is judged by them on all rows.
  const rules = probe.rules ?? (halves && methods.probe.fit(halves.fit))
  const report: ProbeReport = {
    layers: layersOf(fitted),
    taken: probe.directions.map(({ layer }) => layer),
    positions: probe.positions,
    rows: { fit: halves?.fit.length ?? 0, test: halves?.test.length ?? 0 },
    methods: halves ? measure(flags, probe, halves, rules!) : [],
  }
  if (flags.output !== undefined) writeProbe(flags.output, { ...probe, ...(rules && { rules }) })
  return { report, asked, rules }
}

/** @throws HoneError */
function requireSense({ pairs, probe, data, output, format }: ProbeFlags): void {
  if ((pairs === undefined) === (probe === undefined))
    throw new HoneError('Give either --pairs FILE, to fit a direction, or --probe FILE, to use one', {
      hint: 'hone probe MODEL --pairs pairs.jsonl --data questions.jsonl -o probe.json',
    })
  if (data === undefined && (probe !== undefined || format === 'ndjson'))
    throw new HoneError('Give the questions with --data FILE')
  if (probe !== undefined && output !== undefined)
    throw new HoneError('Cannot write the probe again: --output goes with --pairs')
  requireApart({ '--output': output }, [pairs, data])
}

/** By number, the last ones counted from the end. @throws HoneError for a layer that the model does not have */
function layersWanted({ layers: wanted }: ProbeFlags, { config: { layers } }: Language): number[] | undefined {
  return wanted?.map((layer) => {
    const place = layer < 0 ? layers + 1 + layer : layer
    if (place < 0 || place > layers)
      throw new HoneError(`Cannot look at layer ${layer}: the model has layers 0 to ${layers}`, {
        hint: '0 are the embeddings',
      })
    return place
  })
}

/** @throws HoneError where both answers begin with the same token */
function wordsOf({ yes, no }: Pick<Probe, 'yes' | 'no'>, { tokenizer }: Language): Words {
  const [first, second] = [yes, no].map((text) => tokenizer.encode(text)[0]!)
  if (first === second)
    throw new HoneError(`Cannot tell "${yes}" from "${no}": both begin with the same token`, {
      hint: 'give others with --yes and --no',
    })
  return { yes: first!, no: second! }
}

/** An item and all that is known of it. */
interface Asked {
  item: Item
  answered: Answered
  states: States
}

const askAll = (model: Model, items: readonly Item[], words: Words, looks: Looks): Asked[] =>
  items.map((item, i) => {
    status(`questions ${i + 1}/${items.length}`)
    const { said, pYes, states } = ask(model, item, words, looks)
    return { item, states, answered: { said, pYes, score: 0 } }
  })

const scored = (asked: readonly Asked[], directions: Directions): Asked[] =>
  asked.map((each) => ({ ...each, answered: { ...each.answered, score: scoreOf(each.states, directions) } }))

/** Undefined where no row says what is right; a probe that is only used fits nothing. */
function halvesOf(
  { probe, share, seed }: ProbeFlags,
  asked: readonly Asked[],
): (Halves & { known: Asked[][] }) | undefined {
  const known = asked.filter(({ item }) => item.label !== undefined)
  if (known.length === 0) return undefined
  const [fit, test] = probe === undefined ? split(known, share, seed) : [[], known]
  return { fit: fit.map(labelled), test: test.map(labelled), known: [fit, test] }
}

const labelled = ({ answered, item }: Asked): Labelled => ({ answered, label: item.label! })

/** Every method; one that would have to be fitted here is left out where nothing is. */
function measure(
  { probe: used, seed }: ProbeFlags,
  { hidden, directions }: Probe,
  halves: Halves & { known: Asked[][] },
  rules: Rules,
): Accuracy[] {
  if (used !== undefined)
    return [accuracyOf('naive', methods.naive, halves), accuracyOf('probe', methods.probe, halves, rules)]
  const random = Array.from({ length: DRAWN }, (_, draw) => {
    const drawn = directions.map(({ layer }) => ({ layer, direction: randomDirection(hidden, seed, draw, layer) }))
    const [fit, test] = halves.known.map((rows) => scored(rows, drawn).map(labelled))
    return accuracyOf(
      RANDOM,
      byScore('', ({ score }) => score),
      { fit: fit!, test: test! },
    )
  })
  return [
    ...Object.entries(methods).map(([name, method]) => accuracyOf(name, method, halves)),
    meanAccuracy(RANDOM, `as the probe, along a random direction: mean of ${DRAWN}`, random),
  ]
}

const wordOf = (yes: boolean) => (yes ? 'yes' : 'no')

function rowOf({ item, answered: { said, pYes, score } }: Asked, rules: Rules | undefined) {
  return {
    id: item.id,
    ...(item.label !== undefined && { label: wordOf(item.label) }),
    said: wordOf(said),
    p_yes: pYes,
    score,
    ...(rules && { decision: wordOf(decide(rules, said, score)) }),
  }
}
