// Every flag of every command, as its schema has it: in help, in completion, for programs, and where it is given
// wrongly.
import { afterAll, describe, expect, test } from 'bun:test'
import { runCommand } from 'citty'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Command } from '../../src/shell/command.ts'
import { completionsOf, namesOf } from '../../src/shell/complete.ts'
import { flagOf, nameOf, strictArguments } from '../../src/shell/flags.ts'
import { commandHelp, describe as described, usage } from '../../src/shell/help.ts'
import { type Leaf, plain } from '../../src/shell/schema.ts'
import { expected, toText } from '../../src/shell/shape.ts'
import { runHere } from '../here.ts'

const folder = join(import.meta.dir, '..', '..', 'src', 'cmd')
const files = readdirSync(folder)
const commands = await Promise.all(
  files.map(async (file): Promise<[string, Command]> => {
    const { default: command }: { default: Command } = await import(join(folder, file))
    return [basename(file, '.ts'), command]
  }),
)

// A command that does not refuse what it is given works here: the one that needs nothing finds its work done.
const [before, place] = [process.cwd(), mkdtempSync(join(tmpdir(), 'hone-commands-'))]
mkdirSync(join(place, 'runs', 'demo', 'run'), { recursive: true })
writeFileSync(join(place, 'runs', 'demo', 'run', 'run.json'), '{}')
process.chdir(place)
afterAll(() => {
  process.chdir(before)
  rmSync(place, { recursive: true })
})

test('the table has a file for every command, of at most 40 lines', async () => {
  const table: { name: string }[] = JSON.parse((await runHere(['help', '--json'])).stdout)
  expect(table.map(({ name }) => name).toSorted()).toEqual(commands.map(([name]) => name).toSorted())
  for (const file of files)
    expect(readFileSync(join(folder, file), 'utf8').split('\n').length - 1).toBeLessThanOrEqual(40)
})

describe.each(commands)('hone %s', (name, command) => {
  const { leaves } = command
  const flags = leaves.filter(({ words }) => !words.positional)
  const page = commandHelp(name, command, new Map(), process.stdout).split('\n')
  /** A label that is too long for its column stands on a line of its own. */
  const rowOf = (leaf: Leaf) => {
    const start = leaf.words.positional ? `\\[?${flagOf(leaf)}` : `(-., )?(--\\[no-\\]${nameOf(leaf)}|${flagOf(leaf)})`
    const first = new RegExp(`^  ${start}( |\\.\\.\\.|\\]|$)`)
    const at = page.findIndex((line) => first.test(line))
    return page.slice(at, page[at + 1]?.startsWith('   ') ? at + 2 : at + 1).join(' ')
  }

  test('help shows each flag with what it means, its names, and its default', () => {
    for (const leaf of leaves) {
      const row = rowOf(leaf)
      expect(leaf.description).not.toBe('')
      expect(row).toContain(leaf.description)
      for (const each of namesOf(leaf)) expect(row).toContain(each)
      const { fallback, words } = leaf
      const silent = fallback === undefined || fallback === null || fallback === false || toText(fallback) === ''
      const shown = silent ? words.otherwise : toText(fallback)
      if (shown !== undefined) expect(row).toContain(`[default: ${shown.replaceAll('\n', '\\n')}]`)
      expect(leaf.description).not.toMatch(/unless given|\[default/)
    }
  })

  test('a shell completes each flag, and the names that it takes', () => {
    for (const leaf of flags) {
      expect(completionsOf(leaves, [flagOf(leaf)])).toContain(flagOf(leaf))
      if (leaf.shape.type !== 'boolean') expect(completionsOf(leaves, [flagOf(leaf), ''])).toEqual([...namesOf(leaf)])
    }
  })

  test('a program reads what each flag takes', () => {
    const { arguments: read } = described([name, command]) as { arguments: Record<string, Record<string, unknown>> }
    expect(Object.keys(read)).toEqual(leaves.map(nameOf))
    for (const leaf of leaves)
      expect(read[nameOf(leaf)]).toMatchObject({
        ...leaf.shape,
        description: leaf.description,
        required: leaf.required,
      })
  })

  test('a flag without its value, given twice or misspelt is answered in one form', () => {
    const used = usage(name, leaves)
    const read = (...argv: string[]) => strictArguments(argv, leaves, used)
    for (const leaf of flags) {
      const flag = flagOf(leaf)
      if (leaf.shape.type === 'boolean') {
        expect(() => read(`${flag}=3`)).toThrow(`${flag} takes no value: current value is "3"`)
        expect(() => read(flag, flag)).toThrow(`Cannot use ${flag} more than once`)
      } else {
        expect(() => read(flag)).toThrow(`${flag} needs a value`)
        if (leaf.words.repeats) expect(read(flag, 'a,b', flag, '[')).toEqual([`--${nameOf(leaf)}=["a,b","["]`, '--'])
        else expect(() => read(flag, '1', flag, '1')).toThrow(`Cannot use ${flag} more than once`)
      }
      expect(() => read(`${flag}x`)).toThrow(
        expect.objectContaining({ message: `Unknown flag: ${flag}x`, hint: expect.stringContaining('did you mean') }),
      )
    }
  })

  test('a value that a flag does not take is answered with what it takes, before anything is done', async () => {
    for (const leaf of flags) {
      const shape = leaf.shape.item ?? leaf.shape
      const wrong = shape.choices || ['number', 'integer'].includes(shape.type) ? ['none of these'] : []
      if (shape.min !== undefined) wrong.push(String(beyond(shape.min, -1)))
      if (shape.above !== undefined) wrong.push(String(shape.above))
      if (shape.max !== undefined) wrong.push(String(beyond(shape.max, 1)))
      for (const value of wrong) {
        const flag = flagOf(leaf)
        const rawArgs = strictArguments([`${flag}=${value}`], leaves, '')
        const said = `${flag} must be ${expected(shape)}: current value is `
        await expect(runCommand(command, { rawArgs })).rejects.toThrow(said)
      }
    }
  })

  test('a device that there is not is refused', async () => {
    for (const leaf of flags.filter(({ key }) => key === 'device'))
      for (const value of ['gpu', 'cuda:', 'cuda:x', '']) {
        const rawArgs = strictArguments([`${flagOf(leaf)}=${value}`], leaves, '')
        await expect(runCommand(command, { rawArgs })).rejects.toThrow('--device must be auto, cpu, cuda or cuda:N')
      }
  })

  test('keys are written in one way, and no two flags are spelt alike', () => {
    for (const { key } of leaves) expect(key).toMatch(/^([a-z]+[A-Za-z0-9]*|write-[a-z]+)$/)
    // A configuration file may write a key in any of its ways: top_k, topK and topk are one.
    const spellings = flags.flatMap((leaf) => [...new Set([leaf.key, ...(leaf.words.aliases ?? [])].map(plain))])
    const repeated = spellings.filter((each, index) => spellings.indexOf(each) !== index)
    expect(repeated).toEqual([])
  })
})

/** A number past a bound, also where 1 is too little to tell. */
const beyond = (bound: number, direction: 1 | -1): number => bound + direction * Math.max(1, Math.abs(bound))
