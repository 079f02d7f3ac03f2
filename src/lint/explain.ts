// Rules in words: the page of one rule, the list of all, and the table of the documentation.
import { rewardRules } from './reward-rules.ts'
import { ruleOf, rules } from './rules.ts'
import { paint } from '../shell/colour.ts'
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

/** The lines of an example as they are, to be copied; on a terminal what the other example has otherwise stands out. */
function shown(text: string, other: string): string[] {
  return text.split('\n').map((line) => {
    const against = other.split('\n').find((each) => each !== line) ?? line
    const most = Math.min(line.length, against.length)
    let before = 0
    while (before < most && line[before] === against[before]) before++
    let after = 0
    while (after < most - before && line.at(-1 - after) === against.at(-1 - after)) after++
    const end = line.length - after
    const parts = [line.slice(0, before), line.slice(before, end), line.slice(end)].map(visible)
    return `  ${parts[0]}${paint(['bold', 'underline'], parts[1]!, process.stdout)}${parts[2]}`
  })
}

/** Characters that a terminal would not show. */
const visible = (text: string): string =>
  text.replace(/[\x00-\x1f\ufeff\ufffd]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

const asJson = ({ code, severity, what, why, hint, bad, good, fix, optIn, needs }: Described) => ({
  ...{ code, severity, what, why, hint, bad, good },
  fixable: Boolean(fix),
  optIn: optIn === true,
  needs: needs ?? null,
})
