// Rules in words: the page of one rule, the list of all, and the table of the documentation.
import { rewardRules } from './reward-rules.ts'
import { ruleOf, rules } from './rules.ts'
import { markdownTable, table } from '../shell/table.ts'

interface Described {
  code: string
  severity: string
  what: string
  why: string
  hint: string
  bad: string
  good: string
  optIn?: true
  needs?: string
  fix?: unknown
}

/** Every rule, those about rewards among them. */
const allDescribed: readonly Described[] = [...rules, ...rewardRules]

export const codes: readonly string[] = allDescribed.map(({ code }) => code)

/** The lines of `hone explain [CODE]`. @throws HoneError for an unknown code. */
export function explainLines(code: string | undefined, format: 'text' | 'json'): string[] {
  const chosen =
    code === undefined ? allDescribed : [rewardRules.find((rule) => rule.code === code.toUpperCase()) ?? ruleOf(code)]
  if (format === 'json') return [JSON.stringify(chosen.map(asJson), null, 2)]
  return code === undefined ? table(chosen.map(({ code, severity, what }) => [code, severity, what])) : page(chosen[0]!)
}

/** Every rule as an entry of the manual. */
export const ruleEntries = () =>
  allDescribed.map((rule) => ({
    name: rule.code,
    what: `${rule.what} (${rule.severity})`,
    more: [
      rule.why,
      `What to do: ${rule.hint}.`,
      ...notes(rule),
      example('Bad', rule.bad),
      example('Good', rule.good),
    ].join('\n\n'),
  }))

const example = (title: string, text: string): string => `${title}:\n\n\`\`\`\n${visible(text)}\n\`\`\``

function page(rule: Described): string[] {
  return [
    `${rule.code} (${rule.severity})  ${rule.what}`,
    '',
    rule.why,
    '',
    `What to do: ${rule.hint}.`,
    ...notes(rule),
    '',
    'Bad:',
    ...shown(rule.bad, rule.good),
    '',
    'Good:',
    ...shown(rule.good, rule.bad),
  ]
}

const notes = (rule: Described): string[] => [
  ...(rule.fix ? ['hone lint --fix mends it.'] : []),
  ...(rule.optIn ? [`Checked only where it is selected: --select ${rule.code}.`] : []),
  ...(rule.needs ? [`Checked only with ${NEEDS[rule.needs]}.`] : []),
]

/** The table of all rules in Markdown. */
export function rulesTable(): string {
  const rows = allDescribed.map((rule) => {
    const notes = [rule.fix && 'fix', rule.optIn && 'opt-in', rule.needs && NEEDS[rule.needs]].filter(Boolean)
    return [rule.code, rule.severity, rule.what, rule.why, notes.join(', ')]
  })
  return markdownTable(['code', 'severity', 'what', 'why', 'notes'], rows).join('\n')
}

const NEEDS: Record<string, string> = {
  reward: '--reward',
  length: '--max-tokens and --tokenizer',
  against: '--against',
}

/** The lines of an example, long ones cut to where they begin to differ from the other example. */
function shown(text: string, other: string): string[] {
  return text.split('\n').map((line) => {
    if (line.length <= WIDTH) return `  ${visible(line)}`
    const against = other.split('\n').find((each) => each !== line) ?? ''
    let same = 0
    while (same < line.length && line[same] === against[same]) same++
    const start = Math.max(0, Math.min(same - WIDTH / 2, line.length - WIDTH))
    return `  ${start > 0 ? '…' : ''}${visible(line.slice(start, start + WIDTH))}${start + WIDTH < line.length ? '…' : ''}`
  })
}

const WIDTH = 160

/** Characters that a terminal would not show. */
const visible = (text: string): string =>
  text.replace(/[\x00-\x1f\ufeff\ufffd]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

const asJson = ({ code, severity, what, why, hint, bad, good, fix, optIn, needs }: Described) => ({
  ...{ code, severity, what, why, hint, bad, good },
  fixable: Boolean(fix),
  optIn: optIn === true,
  needs: needs ?? null,
})
