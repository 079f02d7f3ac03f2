// The facts outside the repository: where a server checks hone, none of the tests that need them may be skipped unseen.
import { expect, test } from 'bun:test'
import { sharedPath } from './shared.ts'

/** What tests read below the shared folder. */
const facts = ['data', 'models', 'oracle', 'reference/vectors', 'verdicts']
const absent = facts.filter((path) => !sharedPath(path))

test.skipIf(absent.length > 0 && !process.env['CI'])('the shared facts are present', () => {
  expect(absent).toEqual([])
})
