// ACEBench, normal and special sets in English and Chinese, as a benchmark.
import type { Message } from '../../dialogue/row.ts'
import { pythonCalls } from '../../dialogue/call/write.ts'
import { HoneError, lookup } from '../../error.ts'
import type { Benchmark, Item, Judged, NamedScore, Response } from '../benchmark.ts'
import { modeOf } from '../bfcl/decode.ts'
import { mean } from '../statistics.ts'
import { toolsOf } from '../tools.ts'
import { categories, LANGUAGES, readCategory, type AceLanguage, type AceQuestion } from './data.ts'
import { failsItself } from './defects.ts'
import { checkers, judge, type Checker } from './judge.ts'

export const acebench: Benchmark = {
  what: 'ACEBench, 12 normal and 3 special categories, English and Chinese',
  forms: { text: 'acebench', chat: 'acebench' },
  categories: LANGUAGES.flatMap((language) => Object.keys(categories).map((category) => `${language} ${category}`)),
  items,
  mode: modeOf,
  reader: (_, { checker }) => checker,
  parsed: (calls) => ({ response: pythonCalls(calls) }),
  async open(folder, { checker: version }) {
    const checker = lookup(checkers, 'checker', version)
    const rows = new Map<string, AceQuestion>()
    const read = new Map<string, Promise<void>>()
    // A category is read when the first response names it.
    const load = async (category: string, language: AceLanguage) => {
      for (const [id, row] of await readCategory(folder, category, language)) rows.set(`${language} ${id}`, row)
    }
    const loaded = (category: string, language: AceLanguage) => {
      const done = read.get(`${language} ${category}`) ?? load(category, language)
      read.set(`${language} ${category}`, done)
      return done
    }
    return {
      async judge({ record, at }: Response): Promise<Judged> {
        const { id, lang = 'en', response = null } = record
        const category = Object.keys(categories).find((name) => String(id).startsWith(`${name}_`))
        const language = LANGUAGES.find((each) => each === lang)
        if (category && language) await loaded(category, language)
        const key = `${String(lang)} ${String(id)}`
        const row = rows.get(key)
        if (!row)
          throw new HoneError(
            `Cannot judge the response: ACEBench has no row ${JSON.stringify(id)} in language ${JSON.stringify(lang)}`,
            { at },
          )
        const verdict = judge(row, response, checker)
        return {
          id: key,
          category: `${row.language} ${row.category}`,
          score: verdict.verdict ? 1 : 0,
          judgement: { ...verdict },
          response,
        }
      },
      scores,
      notes: (judged) => notes(judged, rows, checker),
    }
  },
}

/** The category is named with its language. */
async function* items(data: string, name: string): AsyncGenerator<Item> {
  const [lang = '', category = ''] = name.split(' ')
  const rows = await readCategory(data, category, lang === 'zh' ? 'zh' : 'en')
  for (const { id, question, functionDocs, context } of rows.values()) {
    const system: Message[] =
      typeof context === 'string' && context !== '' ? [{ role: 'system', content: context }] : []
    yield {
      record: { id, category, lang },
      asked: { messages: [...system, { role: 'user', content: question }], tools: toolsOf(functionDocs) },
    }
  }
}

/** ACEBench averages categories within a group and weights the groups; weights of its summary. */
const WEIGHTS = { normal: 0.578, special: 0.2676 }

function scores(judged: readonly Judged[]): NamedScore[] {
  return LANGUAGES.flatMap((language) => {
    const own = Map.groupBy(
      judged.filter(({ category }) => category.startsWith(`${language} `)),
      ({ category }) => category.slice(language.length + 1),
    )
    if (own.size === 0) return []
    const group = (name: 'normal' | 'special') => {
      const wanted = Object.keys(categories).filter((category) => isIn(name, category))
      const found = wanted.map((category) => own.get(category))
      return found.includes(undefined) ? null : mean(found.map((members) => accuracy(members ?? [])))
    }
    const [normal, special] = [group('normal'), group('special')]
    return [
      {
        name: `${language} normal`,
        value: normal,
        what: 'mean of the 12 normal categories; a dialogue is right where all its turns are',
      },
      { name: `${language} special`, value: special, what: 'mean of the 3 special categories' },
      {
        name: `${language} summary, without agent`,
        value: normal === null || special === null ? null : WEIGHTS.normal * normal + WEIGHTS.special * special,
        what: '.578 normal + .2676 special; agent tasks (.1545) are not run and count as 0',
      },
    ]
  })
}

function isIn(group: string, category: string): boolean {
  return Object.entries(categories).some((entry) => entry[0] === category && entry[1] === group)
}

/** Share of right rows; in the multi-turn categories of dialogues whose turns, one after the other in the file, are all right. */
export function accuracy(members: readonly Judged[]): number {
  const dialogues: boolean[] = []
  let last = ''
  for (const { id, score } of members) {
    const dialogue = id.includes('normal_multi_turn') ? id.replace(/_[^_]*$/, '') : ''
    if (dialogue !== '' && dialogue === last) dialogues[dialogues.length - 1] &&= score === 1
    else dialogues.push(score === 1)
    last = dialogue
  }
  return mean(dialogues.map(Number))
}

function notes(judged: readonly Judged[], rows: ReadonlyMap<string, AceQuestion>, checker: Checker): string[] {
  const asked = new Set(judged.map(({ id }) => id))
  const defective = new Set(
    [...rows].filter(([key, row]) => asked.has(key) && failsItself(row, checker)).map(([key]) => key),
  )
  const concerned = judged.filter(({ id }) => defective.has(id))
  const loose = judged.filter(({ category, score }) => score === 1 && !category.includes('special')).length
  return [
    ...(concerned.length > 0
      ? [
          `${concerned.length} of your responses answer rows whose own expected calls the checker refuses: ${[...defective].join(', ')}`,
        ]
      : []),
    ...(loose > 0
      ? [
          `The checker never compares numbers and booleans and takes a text that contains the expected one: ${loose} responses counted right may hold other values.`,
        ]
      : []),
  ]
}
