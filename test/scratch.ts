// A folder for one test, gone when the test is over.
import { onTestFinished } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new empty folder. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hone-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
