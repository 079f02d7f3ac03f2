// What a release must do before anyone gets it: installed as a user installs it, run from an empty directory with nothing else at hand.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HoneError } from '../error.ts'
import { run } from './run.ts'

interface Smoke {
  /** Folder of the release. */
  output: string
  /** An empty one. */
  work: string
  version: string
  commit: string
}

const ROW = {
  completion: '<think>x</think><tool_call>[{"name":"f","arguments":{"a":1}}]</tool_call>',
  answer: [{ name: 'f', arguments: { a: 1 } }],
}

/** Install from the archive by install.sh, and from the npm packages. @throws HoneError for what does not work. */
export function smoke({ output, work, version, commit }: Smoke): void {
  const home = join(work, 'home')
  mkdirSync(home, { recursive: true })
  const env = { PATH: '/usr/bin:/bin', HOME: home }
  run(['sh', join(output, 'install.sh'), '--from', output, '--to', join(home, 'bin')], home, env)
  tryOut(join(home, 'bin', 'hone'), home, env, version, commit)
  const sums = readFileSync(join(output, 'SHA256SUMS'), 'utf8')
  writeFileSync(
    join(work, 'SHA256SUMS'),
    sums.replaceAll(/^./gm, (digit) => (digit === '0' ? '1' : '0')),
  )
  refuse(['sh', join(output, 'install.sh'), '--from', work, '--to', join(work, 'never')], work, env)

  const project = join(work, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{"private":true}')
  const npm = { ...process.env, HOME: home }
  // npm refuses to be given what is for another machine.
  const packages = [`hone-${version}.tgz`, `hone-${process.platform}-${process.arch}-${version}.tgz`]
  run(
    ['npm', 'install', '--no-audit', '--no-fund', '--offline', ...packages.map((name) => join(output, name))],
    project,
    npm,
  )
  tryOut(join(project, 'node_modules', '.bin', 'hone'), project, npm, version, commit)
}

function tryOut(
  hone: string,
  cwd: string,
  env: Record<string, string | undefined>,
  version: string,
  commit: string,
): void {
  const says = run([hone, '--version'], cwd, env).trim()
  expect(says === `${version} (${commit})`, `--version says ${says}`)
  const findings: unknown = JSON.parse(run([hone, 'doctor', '--format', 'json'], cwd, env))
  expect(
    JSON.stringify(findings).includes('a test graph runs there as a whole'),
    'doctor finds no device that computes',
  )
  writeFileSync(join(cwd, 'rows.jsonl'), `${JSON.stringify(ROW)}\n`)
  const scored = run([hone, 'score', 'rows.jsonl', '--reward', 'tool-n1', '--format', 'ndjson'], cwd, env)
  expect(scored.includes('"score":1'), `a right answer scores ${scored}`)
}

function refuse(words: string[], cwd: string, env: Record<string, string>): void {
  const { exitCode } = Bun.spawnSync(words, { cwd, env })
  expect(exitCode !== 0, 'install.sh installs what is not what SHA256SUMS says')
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new HoneError(`The release does not work: ${otherwise}`)
}
