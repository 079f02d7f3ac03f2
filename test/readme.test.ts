// The README promises commands: each of them exists, and its two blocks are complete scripts.
import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtins } from '../src/shell/builtins.ts'
import { commands } from '../src/commands.ts'

const root = join(import.meta.dir, '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, body]) => body!)
const scripts = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts)

test('every hone command that it names exists', () => {
  const known = [...Object.keys(commands), ...Object.keys(builtins)]
  const named = [
    ...readme.matchAll(/(?:`|\$\()hone ([a-z][a-z-]*)/g),
    ...readme.matchAll(/src\/main\.ts ([a-z]+)/g),
  ].map(([, name]) => name!)
  expect(named.filter((name) => !known.includes(name))).toEqual([])
})

test('every script and file that it names exists', () => {
  for (const [, script] of readme.matchAll(/(?:npm|bun) run ([a-z]+)/g)) expect(scripts).toContain(script!)
  const contributing = readFileSync(join(root, 'src/manual/topics/contributing.md'), 'utf8')
  for (const [, path] of `${readme}\n${contributing}`.matchAll(
    /\b((?:src|test|fixtures)\/[\w./-]+\.(?:ts|yaml|jsonl|md))/g,
  ))
    expect({ path, exists: existsSync(join(root, path!)) }).toEqual({ path, exists: true })
})

test('its first two blocks say how long they take, set up, and then do their work', () => {
  for (const block of blocks.slice(0, 2)) {
    const [first, second, ...rest] = block.trimEnd().split('\n')
    expect(first).toMatch(/^echo ".*(seconds|minutes).*"$/)
    expect(second).toBe('npm run setup')
    expect(rest).not.toEqual([])
    expect(Bun.spawnSync(['bash', '-n', '-c', block]).exitCode).toBe(0)
  }
})
