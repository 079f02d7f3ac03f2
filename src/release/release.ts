// Makes dist/release: archives for every machine, npm packages, installers, hashes, licences and a bill of materials. Publishes nothing.
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { commands } from '../commands.ts'
import { HoneError } from '../error.ts'
import { manPage } from '../manual/man.ts'
import { log } from '../out.ts'
import { runCli } from '../shell/cli.ts'
import { command, type Command } from '../shell/command.ts'
import { version } from '../shell/version.ts'
import { folder, otherwise, say, several, text, toggle } from '../text/setting.ts'
import { archive } from './archive.ts'
import { sourceCommit } from './commit.ts'
import { compile, root } from './compile.ts'
import { installer, installers } from './installers.ts'
import { packMain, packTarget } from './npm.ts'
import { billOfMaterials, notices, packagesIn } from './packages.ts'
import { run } from './run.ts'
import { runtimeFor } from './runtime.ts'
import { smoke } from './smoke.ts'
import { ownTarget, targets, type TargetName } from './targets.ts'

const release = command({
  description: 'make everything that a person can download',
  group: 'program',
  flags: v.object({
    only: say(
      several(v.picklist(Object.keys(targets) as TargetName[]), 'TARGET'),
      'machines to build for; all unless given',
    ),
    output: say(v.optional(folder(), join(root, 'dist', 'release')), 'folder to write, emptied first', 'o'),
    url: say(otherwise(text('URL'), 'none'), 'where the files will lie, which the installers ask then'),
    noSmoke: say(toggle(), 'do not install and run what can run here'),
  }),
  async run({ only, output, url = '', noSmoke }) {
    const names = only.length > 0 ? only : (Object.keys(targets) as TargetName[])
    requireChanges(version)
    const commit = sourceCommit()
    rmSync(output, { recursive: true, force: true })
    mkdirSync(output, { recursive: true })
    const work = mkdtempSync(join(tmpdir(), 'hone-release-'))
    try {
      const packages = await packagesIn(names[0]!)
      const licences = notices(packages)
      const man = manPage(await loadAll(), version, commitDay())
      for (const target of names) {
        const binary = join(work, `${target}-${targets[target].program}`)
        await compile({ target, outfile: binary, runtime: runtimeFor(target, cache()), commit })
        const name = archive(target, { binary, version, notices: licences, man }, { output, work })
        packTarget(target, { binary, notices: licences, output, work })
        rmSync(binary)
        log(`${name}  ${(Bun.file(join(output, name)).size / 1e6).toFixed(1)} MB`)
      }
      packMain(names, output, work)
      write(output, 'THIRD-PARTY.txt', licences)
      write(output, 'sbom.cdx.json', billOfMaterials(packages, { version, commit }))
      for (const name of installers) write(output, name, installer(name, { version, url }))
      chmodSync(join(output, 'install.sh'), 0o755)
      write(output, 'SHA256SUMS', sumsOf(output))
      const own = ownTarget()
      if (!noSmoke && own && names.includes(own)) {
        smoke({ output, work: mkdtempSync(join(work, 'smoke-')), version, commit })
        log(`installed and ran ${own}, from its archive and from npm`)
      }
      log(`wrote ${readdirSync(output).length} files to ${output}; nothing was published`)
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  },
})

await runCli({ release: () => Promise.resolve(release) }, ['release', ...process.argv.slice(2)])

/** What is fetched once. */
function cache(): string {
  const path = join(root, 'dist', 'runtimes')
  mkdirSync(path, { recursive: true })
  return path
}

async function loadAll() {
  const loading = Object.entries(commands).map(async ([name, load]): Promise<[string, Command]> => [name, await load()])
  return Promise.all(loading)
}

/** @throws HoneError where the changes of the version were not written down. */
function requireChanges(version: string): void {
  const at = join(root, 'CHANGELOG.md')
  if (
    !readFileSync(at, 'utf8')
      .split('\n')
      .some((line) => line.startsWith(`## ${version}`))
  )
    throw new HoneError(`Cannot release ${version}: its changes are not written down`, {
      at,
      hint: `write a section "## ${version}"`,
    })
}

/** A line a file as sha256sum prints and checks it. */
function sumsOf(output: string): string {
  return readdirSync(output)
    .sort()
    .map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(output, name)))
          .digest('hex')}  ${name}\n`,
    )
    .join('')
}

function write(output: string, name: string, content: string): void {
  writeFileSync(join(output, name), content)
}

function commitDay(): string {
  return run(['git', 'log', '-1', '--format=%cs'], root).trim()
}
