// The 13 single-turn categories of BFCL v4 and how each is judged.
import type { Matching } from './checker.ts'
import type { Language } from './types.ts'

export interface Category {
  live: boolean
  language: Language
  /** What a right response is: the expected calls, no call at all, or any call. */
  judged: Matching | 'irrelevance' | 'relevance'
}

export const categories = {
  simple_python: { live: false, language: 'python', judged: 'simple' },
  simple_java: { live: false, language: 'java', judged: 'simple' },
  simple_javascript: { live: false, language: 'javascript', judged: 'simple' },
  multiple: { live: false, language: 'python', judged: 'multiple' },
  parallel: { live: false, language: 'python', judged: 'parallel' },
  parallel_multiple: { live: false, language: 'python', judged: 'parallel' },
  irrelevance: { live: false, language: 'python', judged: 'irrelevance' },
  live_simple: { live: true, language: 'python', judged: 'simple' },
  live_multiple: { live: true, language: 'python', judged: 'multiple' },
  live_parallel: { live: true, language: 'python', judged: 'parallel' },
  live_parallel_multiple: { live: true, language: 'python', judged: 'parallel' },
  live_irrelevance: { live: true, language: 'python', judged: 'irrelevance' },
  live_relevance: { live: true, language: 'python', judged: 'relevance' },
} satisfies Record<string, Category>

export type CategoryName = keyof typeof categories

export function isCategory(name: string): name is CategoryName {
  return Object.hasOwn(categories, name)
}
