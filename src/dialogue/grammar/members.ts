// Members of an object, or arguments of a call: the required ones, perhaps the others, each once.
import { either, inRow, lazy, never, nothing, type Rule } from './rule.ts'

export interface Member {
  /** The key with what stands between it and the value. */
  key: Rule
  value: Rule
  required: boolean
}

export interface MembersOptions {
  comma: Rule
  /** Key and value of a member that is not named; as many as one likes. */
  extra?: Rule | undefined
  /** In any order, or in that of the schema. */
  order: 'any' | 'schema'
}

export function members(all: readonly Member[], { comma, extra = never, order }: MembersOptions): Rule {
  if (all.some(({ value, required }) => required && value === never)) return never
  const known = new Map<string, Rule>()
  const written = all.filter(({ value }) => value !== never)

  /** What may follow where these are left: the end, or one more. Made when it is reached: there are many ways. */
  const tail = (left: readonly Member[], separated: boolean): Rule => {
    const key = `${left.map((member) => written.indexOf(member)).join()} ${separated}`
    const rule = known.get(key) ?? lazy(() => ways(left, separated))
    known.set(key, rule)
    return rule
  }

  function ways(left: readonly Member[], separated: boolean): Rule {
    const first = left.findIndex(({ required }) => required)
    const next = order === 'any' || first < 0 ? left : left.slice(0, first + 1)
    const pairs = next.map((member) =>
      inRow(
        member.key,
        member.value,
        tail(order === 'any' ? left.filter((other) => other !== member) : left.slice(left.indexOf(member) + 1), true),
      ),
    )
    const free = order === 'any' || first < 0 ? inRow(extra, tail(order === 'any' ? left : [], true)) : never
    const one = either(...pairs, free)
    const more = separated ? inRow(comma, one) : one
    return first < 0 ? either(more, nothing) : more
  }

  return tail(written, false)
}
