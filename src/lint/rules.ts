// The table of lint rules, in the order of their codes: text 0xx, structure 1xx, tools 2xx, answers 3xx, dialogue 4xx, training 5xx, other rows 6xx.
import { unknownName } from '../error.ts'
import type { Rule } from './rule.ts'
import { answerRules } from './rules/answer.ts'
import { conversationRules } from './rules/conversation.ts'
import { preferenceRules } from './rules/preference.ts'
import { schemaRules } from './rules/schema.ts'
import { structureRules } from './rules/structure.ts'
import { textRules } from './rules/text.ts'
import { toolRules } from './rules/tools.ts'
import { trainingRules } from './rules/training.ts'
import { valueRules } from './rules/values.ts'

export const rules: readonly Rule[] = [
  ...textRules,
  ...structureRules,
  ...toolRules,
  ...schemaRules,
  ...answerRules,
  ...valueRules,
  ...conversationRules,
  ...trainingRules,
  ...preferenceRules,
].sort((a, b) => (a.code < b.code ? -1 : 1))

/** The rule of that code. @throws HoneError with the nearest code. */
export function ruleOf(code: string): Rule {
  const rule = rules.find((each) => each.code === code.toUpperCase())
  if (rule) return rule
  const codes = rules.map((each) => each.code)
  throw unknownName('rule', code, codes, { hint: 'hone explain lists all rules' })
}

/**
 * Rules chosen by codes or beginnings of codes (HN3 = all of 3xx; ALL = every rule), separated by commas. Without
 * `select`, every rule that is not opt-in; `ignore` takes away. @throws HoneError for what matches no rule.
 */
export function chooseRules(select: string | undefined, ignore: string | undefined): Rule[] {
  const matches = (list: string | undefined) => {
    const prefixes = (list ?? '')
      .split(',')
      .map((part) => part.trim().toUpperCase())
      .filter((part) => part !== '')
    for (const prefix of prefixes)
      if (prefix !== 'ALL' && !rules.some(({ code }) => code.startsWith(prefix))) ruleOf(prefix)
    return (rule: Rule) => prefixes.some((prefix) => prefix === 'ALL' || rule.code.startsWith(prefix))
  }
  const [selected, ignored] = [matches(select), matches(ignore)]
  return rules.filter((rule) => (select === undefined ? rule.optIn !== true : selected(rule)) && !ignored(rule))
}
