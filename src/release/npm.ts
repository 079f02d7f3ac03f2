// hone as npm packages: one for every machine, which holds the binary, and `hone`, which brings the right one and starts it.
import { chmodSync, copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }
import { root } from './compile.ts'
import { run } from './run.ts'
import { targets, type TargetName } from './targets.ts'

export const packageOf = (target: TargetName): string => `hone-${targets[target].platform}-${targets[target].arch}`

const common = {
  version: manifest.version,
  license: manifest.license,
  description: manifest.description,
}

/** Pack the binary of a target, with the licences of what is inside, into a tarball in `output`; its name. */
export function packTarget(
  target: TargetName,
  { binary, notices, output, work }: { binary: string; notices: string; output: string; work: string },
): string {
  const { platform, arch, program } = targets[target]
  const folder = join(work, packageOf(target))
  place(binary, join(folder, 'bin', program))
  chmodSync(join(folder, 'bin', program), 0o755)
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  writeFileSync(join(folder, 'THIRD-PARTY.txt'), notices)
  const json = {
    name: packageOf(target),
    ...common,
    os: [platform],
    cpu: [arch],
    files: ['bin', 'LICENSE', 'THIRD-PARTY.txt'],
    preferUnplugged: true,
  }
  return pack(folder, json, output)
}

/** Pack `hone` itself, which needs none of its optional dependencies but the one that fits. */
export function packMain(names: readonly TargetName[], output: string, work: string): string {
  const folder = join(work, 'hone')
  place(join(import.meta.dir, 'launcher.cjs'), join(folder, 'bin', 'hone.cjs'))
  for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md']) cpSync(join(root, file), join(folder, file))
  const json = {
    name: 'hone',
    ...common,
    bin: { hone: 'bin/hone.cjs' },
    engines: { node: '>=18' },
    optionalDependencies: Object.fromEntries(names.map((name) => [packageOf(name), manifest.version])),
  }
  return pack(folder, json, output)
}

function pack(folder: string, json: object, output: string): string {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(json, null, 2)}\n`)
  return run(['npm', 'pack', '--silent', '--pack-destination', output], folder).trim()
}

function place(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(from, to)
}
