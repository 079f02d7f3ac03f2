// The table of reference pages, each made from the tables that the program itself runs by.
import { ruleEntries } from '../lint/explain.ts'
import type { Reference } from './page.ts'

export const references: readonly Reference[] = [
  {
    name: 'rules',
    kind: 'lint rule',
    what: 'Every rule of `hone lint`, and of `hone lint --reward`',
    entries: ruleEntries,
  },
]
