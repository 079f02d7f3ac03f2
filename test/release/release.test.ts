// What a release is made of, without compiling one: installers that check what they install, the npm launcher, and what is told of others' works.
import { expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }
import { installer } from '../../src/release/installers.ts'
import { packageOf } from '../../src/release/npm.ts'
import { billOfMaterials, notices, packageIn } from '../../src/release/packages.ts'
import { ownTarget, targets } from '../../src/release/targets.ts'
import { scratch } from '../scratch.ts'

const root = join(import.meta.dir, '..', '..')
const own = ownTarget()

test('for every machine there is an ONNX Runtime that the program would carry', () => {
  for (const { platform, arch } of Object.values(targets)) {
    const embed = readFileSync(join(root, 'src', 'gpu', 'ort', `embed.${platform}-${arch}.ts`), 'utf8')
    const library = /from '(onnxruntime-node\/bin\/[^']+)'/.exec(embed)?.[1]
    expect(library).toContain(`/${platform}/${arch}/`)
    expect(existsSync(join(root, 'node_modules', library!))).toBe(true)
  }
})

/** A release of one archive, whose hone is a script that tells its version. */
function fakeRelease(): string {
  const folder = scratch()
  const stem = `hone-1.2.3-${own}`
  mkdirSync(join(folder, stem))
  writeFileSync(join(folder, stem, 'hone'), '#!/bin/sh\necho 1.2.3\n')
  writeFileSync(join(folder, stem, 'hone.1'), '.TH HONE 1\n')
  Bun.spawnSync(['tar', '-czf', `${stem}.tar.gz`, stem], { cwd: folder })
  const hash = new Bun.CryptoHasher('sha256').update(readFileSync(join(folder, `${stem}.tar.gz`))).digest('hex')
  writeFileSync(join(folder, 'SHA256SUMS'), `${hash}  ${stem}.tar.gz\n`)
  writeFileSync(join(folder, 'install.sh'), installer('install.sh', { version: '1.2.3', url: '' }))
  return folder
}

const install = (folder: string, ...words: string[]) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync(['sh', join(folder, 'install.sh'), ...words], {
    env: { PATH: '/usr/bin:/bin', HOME: folder },
  })
  return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() }
}
const hasShell = process.platform !== 'win32' && own !== undefined

test.skipIf(!hasShell)('install.sh installs the program and its manual page, and says what next', () => {
  const folder = fakeRelease()
  const to = join(folder, 'bin')
  expect(install(folder, '--from', folder, '--to', to)).toEqual({
    code: 0,
    stdout: `installed 1.2.3 to ${to}/hone\nnext: add ${to} to PATH, then hone doctor\n`,
    stderr: '',
  })
  expect(existsSync(join(folder, 'share', 'man', 'man1', 'hone.1'))).toBe(true)
})

test.skipIf(!hasShell)('install.sh installs nothing that is not what SHA256SUMS says, or that it does not name', () => {
  const folder = fakeRelease()
  const sums = join(folder, 'SHA256SUMS')
  for (const [content, why] of [
    [`${'0'.repeat(64)}  hone-1.2.3-${own}.tar.gz\n`, 'is not what SHA256SUMS says'],
    [`${'0'.repeat(64)}  other.tar.gz\n`, 'SHA256SUMS does not name'],
  ] as const) {
    writeFileSync(sums, content)
    const { code, stderr } = install(folder, '--from', folder, '--to', join(folder, 'bin'))
    expect(code).toBe(2)
    expect(stderr).toContain(why)
    expect(existsSync(join(folder, 'bin'))).toBe(false)
  }
  expect(install(folder).stderr).toContain('give a URL or a folder with --from')
  expect(install(folder, '--form', folder).code).toBe(2)
})

test.skipIf(!hasShell)('the npm launcher starts the binary of its machine, with its words and its exit code', () => {
  const folder = scratch()
  const start = () => {
    const launcher = join(root, 'src', 'release', 'launcher.cjs')
    writeFileSync(join(folder, 'hone.cjs'), readFileSync(launcher, 'utf8'))
    return Bun.spawnSync([process.execPath, 'hone.cjs', 'lint', 'a b'], { cwd: folder, env: { BUN_BE_BUN: '1' } })
  }
  const missing = start()
  expect(missing.exitCode).toBe(2)
  expect(missing.stderr.toString()).toContain(`Cannot find the package ${packageOf(own!)}`)
  const bin = join(folder, 'node_modules', packageOf(own!), 'bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'hone'), '#!/bin/sh\nprintf "%s\\n" "$@"\nexit 7\n')
  chmodSync(join(bin, 'hone'), 0o755)
  const { exitCode, stdout } = start()
  expect({ exitCode, stdout: stdout.toString() }).toEqual({ exitCode: 7, stdout: 'lint\na b\n' })
})

test('packages are told of with their licences, in words and as CycloneDX; one without a text is refused', () => {
  const inside = ['valibot', 'onnxruntime-node', '@bufbuild/protobuf']
  const packages = inside.map((name) => packageIn(join(root, 'node_modules', name)))
  const text = notices(packages)
  for (const { name, version } of packages) expect(text).toContain(`${name} ${version}\nLicence: `)
  expect(text).toContain('Copyright 2008 Google Inc.')
  const bom = JSON.parse(billOfMaterials(packages, { version: '1.2.3', commit: 'abc' }))
  expect(bom).toMatchObject({
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    metadata: { component: { version: '1.2.3' } },
  })
  expect(bom.components[0]).toMatchObject({
    type: 'library',
    purl: `pkg:npm/valibot@${packages[0]!.version}`,
    licenses: [{ license: { id: 'MIT' } }],
  })
  expect(bom.components[2].purl).toStartWith('pkg:npm/%40bufbuild/protobuf@')
  expect(bom.components[2].licenses).toEqual([{ expression: 'Apache-2.0 AND BSD-3-Clause' }])
  const bare = scratch()
  writeFileSync(join(bare, 'package.json'), '{"name":"bare","version":"1.0.0","license":"MIT"}')
  expect(() => packageIn(bare)).toThrow('Cannot tell the licence of bare')
})

test('the changes of this version are written down', () => {
  expect(readFileSync(join(root, 'CHANGELOG.md'), 'utf8')).toContain(`\n## ${manifest.version}\n`)
})
