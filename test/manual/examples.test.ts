// Every example of the manual runs: a page's files are written and its scripts run, in order, beside a small model.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { commands } from '../../src/commands.ts'
import { find, topics } from '../../src/manual/find.ts'
import { openManual } from '../../src/manual/open.ts'
import { pages } from '../../src/manual/pages.ts'
import { taskRows, toLines, writeTinyModel } from '../cmd/tiny-model.ts'
import { runHere } from '../here.ts'
import { type Ended, forms, run } from '../hone.ts'
import { scratch } from '../scratch.ts'
import { blocksOf, checkLine, commandLines, inlineLines, logicalLines, wordsOf } from './blocks.ts'

setDefaultTimeout(120_000)
const manual = await openManual(commands)
const known = new Map(manual.commands)
/** Why a script is not run here; its command lines are checked all the same. */
const NOTES = ['gpu', 'network', 'hours', 'waits']
const written = pages.map(({ name, markdown }): [string, string] => [name, markdown])
const readme = readFileSync(join(import.meta.dir, '..', '..', 'README.md'), 'utf8')

const props = mkdtempSync(join(tmpdir(), 'hone-manual-'))
beforeAll(() => {
  writeTinyModel(join(props, 'model'))
  for (const name of ['train.jsonl', 'test.jsonl'])
    writeFileSync(join(props, name), toLines(taskRows(4).map((row) => ({ ...row, meta: {} }))))
})
afterAll(() => rmSync(props, { recursive: true }))

test.each(written)('the examples of %s run', async (_, markdown) => {
  const folder = scratch()
  for (const name of ['model', 'qwen']) symlinkSync(join(props, 'model'), join(folder, name))
  for (const name of ['train.jsonl', 'test.jsonl']) copyFileSync(join(props, name), join(folder, name))
  for (const { language, note, body } of blocksOf(markdown)) {
    const [, exits] = /^exits (\d+)$/.exec(note) ?? []
    if (language !== 'sh') writeExample(folder, note, body)
    else if (note !== '' && exits === undefined) expect(NOTES).toContain(note)
    else
      for (const line of logicalLines(body)) {
        const { code, stderr } = await runLine(line, folder)
        expect({ line, code, stderr }).toEqual({ line, code: Number(exits ?? 0), stderr: expect.any(String) })
      }
  }
})

test.each([...written, ['README', readme]])(
  'the command lines of %s have commands and flags that there are',
  (_, text) => {
    const scripts = blocksOf(text).flatMap(({ language, body }) => (language === 'sh' ? commandLines(body) : []))
    for (const line of [...scripts, ...inlineLines(text)]) {
      checkLine(line, known)
      const [name, topic = 'TOPIC'] = line
      if (name === 'help' && !/^(--|[A-Z]+$)/.test(topic) && !known.has(topic)) expect(find(topic, manual)).not.toBe('')
    }
  },
)

test('every command has examples in its help, of commands and flags that there are', () => {
  for (const [name, { examples }] of manual.commands) {
    expect({ name, examples: examples.length }).not.toEqual({ name, examples: 0 })
    for (const line of examples.flatMap(commandLines)) checkLine(line, known)
  }
})

test('no topic has the name of a command', () => {
  expect(topics().filter((name) => known.has(name))).toEqual([])
})

/** A block whose note is the name of a file is that file. */
function writeExample(folder: string, name: string, body: string): void {
  if (name === '') return
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), body)
}

/** A line of a script: commands of hone with pipes between them run in this process, whatever else there is in bash. */
async function runLine(line: string, cwd: string): Promise<Ended> {
  const [, pipeline = line, file] = /^(.*?)(?: > (\S+))?$/.exec(line)!
  const stages = pipeline.split(' | ')
  if (!stages.every((stage) => /^hone [^$&;<>|]*$/.test(stage))) return inBash(line, cwd)
  let ended: Ended = { code: 0, stdout: '', stderr: '' }
  for (const stage of stages) {
    ended = await runHere(wordsOf(stage).slice(1), { cwd, input: ended.stdout })
    if (ended.code !== 0) return ended
  }
  if (file !== undefined) writeFileSync(join(cwd, file), ended.stdout)
  return ended
}

function inBash(line: string, cwd: string): Ended {
  const start = forms[0]![1].map((word) => `"${word}"`).join(' ')
  return run(['bash'], ['-eo', 'pipefail', '-c', `hone() { ${start} "$@"; }\n${line}`], { cwd })
}
