// The archive that a person downloads: the program with its licences, changes and manual page in one folder.
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './compile.ts'
import { run } from './run.ts'
import { targets, type TargetName } from './targets.ts'

export interface Contents {
  binary: string
  version: string
  notices: string
  man: string
}

/** How each kind of archive is packed, its entries always the same for the same files. */
const packers: Record<(typeof targets)[TargetName]['archive'], (archive: string, folder: string) => string[]> = {
  'tar.gz': (archive, folder) => [
    'tar',
    '--sort=name',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mtime=@0',
    '-czf',
    archive,
    folder,
  ],
  zip: (archive, folder) => ['zip', '-q', '-r', '-X', archive, folder],
}

/** Write the archive of a target into `output`; its name. */
export function archive(
  target: TargetName,
  { binary, version, notices, man }: Contents,
  { output, work }: { output: string; work: string },
): string {
  const { program, archive: kind } = targets[target]
  const stem = `hone-${version}-${target}`
  const folder = join(work, stem)
  mkdirSync(folder, { recursive: true })
  copyFileSync(binary, join(folder, program))
  chmodSync(join(folder, program), 0o755)
  for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md']) copyFileSync(join(root, file), join(folder, file))
  writeFileSync(join(folder, 'THIRD-PARTY.txt'), notices)
  if (kind === 'tar.gz') writeFileSync(join(folder, 'hone.1'), man)
  const name = `${stem}.${kind}`
  run(packers[kind](join(output, name), stem), work)
  return name
}
