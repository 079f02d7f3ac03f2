// ACEBench, normal and special sets in English and Chinese, as a benchmark.
import { HoneError, nearest } from '../../error.ts'
import { Dict, type Py } from '../../python-value.ts'
import type { Benchmark, Judged, NamedScore, Response } from '../benchmark.ts'
import { mean } from '../statistics.ts'
import { categories, LANGUAGES, readCategory, type AceQuestion } from './data.ts'
import { checkers, judge } from './judge.ts'

export const acebench: Benchmark = {
  what: 'ACEBench, 12 normal and 3 special categories, English and Chinese',
  async open(folder, { checker: version }) {
    const checker = Object.hasOwn(checkers, version) ? checkers[version] : undefined
    if (!checker) {
      const near = nearest(version, Object.keys(checkers))
      throw new HoneError(`Unknown checker: ${version}`, {
        hint: near ? `Did you mean ${near}?` : `Checkers: ${Object.keys(checkers).join(', ')}.`,
      })
    }
    const rows = new Map<string, AceQuestion>()
    for (const language of LANGUAGES) {
      for (const category of Object.keys(categories)) {
        for (const [id, row] of await readCategory(folder, category, language)) rows.set(`${language} ${id}`, row)
      }
    }
    const unpassable = new Set([...rows].filter(([, row]) => hasNumberedName(row)).map(([key]) => key))
    return {
      judge({ record, at }: Response): Judged {
        const { id, lang = 'en', response = null } = record
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
      notes: (judged) => notes(judged, unpassable),
    }
  },
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
function accuracy(members: readonly Judged[]): number {
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

/** The checker cuts `_<digits>` from expected names; a tool really called so can then never be matched. */
function hasNumberedName({ functions, answer, category }: AceQuestion): boolean {
  if (category.startsWith('special')) return false
  const alternatives: Py[] = Array.isArray(answer) ? answer : [answer]
  const expected = alternatives.flatMap((calls) => (calls instanceof Dict ? [...calls.keys()] : []))
  const names = functions.map((item) => (item instanceof Dict ? item.get('name') : undefined))
  return expected.some((name) => /_\d+$/.test(String(name)) && names.includes(name))
}

function notes(judged: readonly Judged[], unpassable: ReadonlySet<string>): string[] {
  const concerned = judged.filter(({ id }) => unpassable.has(id))
  const values = judged.filter(({ category, score }) => score === 1 && !category.includes('special')).length
  return [
    ...(concerned.length > 0
      ? [
          `${concerned.length} of your responses answer rows whose tool ends in _<digits>: the checker cuts that off, nothing passes.`,
        ]
      : []),
    ...(values > 0
      ? [
          `The checker never compares numbers and booleans and takes a text that contains the expected one: ${values} responses counted right may hold such values.`,
        ]
      : []),
  ]
}
