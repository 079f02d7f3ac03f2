// Bun for another machine, out of the npm registry: what a program for that machine is made with.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.ts'
import { targets, type TargetName } from './targets.ts'

/** Path of the program, fetched into `cache` once; npm checks what it fetches. @throws HoneError where it cannot be fetched. */
export function runtimeFor(target: TargetName, cache: string): string {
  const { package: name, file } = targets[target].runtime
  const folder = join(cache, `bun-${target}-${Bun.version}`)
  if (existsSync(join(folder, file))) return join(folder, file)
  const beside = `${folder}.tmp`
  rmSync(beside, { recursive: true, force: true })
  mkdirSync(beside, { recursive: true })
  const tarball = run(['npm', 'pack', '--silent', `${name}@${Bun.version}`], beside).trim()
  run(['tar', '-xzf', tarball, '--strip-components=1'], beside)
  rmSync(join(beside, tarball))
  renameSync(beside, folder)
  return join(folder, file)
}
