// What is inside the binary that others wrote: the npm packages that are bundled, ONNX Runtime and Bun, each with its licence.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { HoneError } from '../error.ts'
import { bundled, root } from './compile.ts'
import type { TargetName } from './targets.ts'

export interface Package {
  name: string
  version: string
  /** SPDX identifier or expression. */
  licence: string
  /** Texts of its licence and notices. */
  texts: string[]
}

const Manifest = v.looseObject({
  name: v.string(),
  version: v.string(),
  license: v.optional(v.string(), 'NOASSERTION'),
})

/** Those without a licence file of their own, and what stands for it in the folder licences. */
const KEPT: Record<string, string[]> = {
  'onnxruntime-node': ['onnxruntime.txt', 'onnxruntime-notices.txt'],
  'onnxruntime-common': ['onnxruntime.txt'],
  '@bufbuild/protobuf': ['protobuf.txt'],
  '@micropython/micropython-webassembly-pyscript': ['micropython.txt'],
  bun: ['bun.md'],
}

/** Sorted by name. */
export async function packagesIn(target: TargetName): Promise<Package[]> {
  const folders = new Set(
    (await bundled(target)).flatMap((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
  )
  const bun = { name: 'bun', version: Bun.version, licence: 'MIT AND LGPL-2.1-only', texts: kept('bun') }
  return [bun, ...[...folders].map((folder) => packageIn(join(root, folder)))].toSorted((a, b) =>
    a.name.localeCompare(b.name),
  )
}

/** Of the package in that folder. @throws HoneError where no text of its licence is known. */
export function packageIn(folder: string): Package {
  const { name, version, license } = v.parse(Manifest, JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
  const own = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
  const texts = own.length > 0 ? own : kept(name)
  if (texts.length === 0)
    throw new HoneError(`Cannot tell the licence of ${name}: the package holds no text of it`, {
      at: folder,
      hint: 'put the text into src/release/licences and name it in src/release/packages.ts',
    })
  return { name, version, licence: license.replaceAll(/^\(|\)$/g, ''), texts }
}

function kept(name: string): string[] {
  return (KEPT[name] ?? []).map((file) => readFileSync(join(import.meta.dir, 'licences', file), 'utf8'))
}

/** One text of all licences, for people. */
export function notices(packages: readonly Package[]): string {
  const parts = packages.map(({ name, version, licence, texts }) =>
    ['='.repeat(80), `${name} ${version}`, `Licence: ${licence}`, '', ...texts.map((text) => text.trim()), ''].join(
      '\n',
    ),
  )
  return `hone contains the following works of others.\n\n${parts.join('\n')}`
}

/** A bill of materials, CycloneDX 1.6 as JSON (https://cyclonedx.org/docs/1.6/json/). */
export function billOfMaterials(
  packages: readonly Package[],
  { version, commit }: { version: string; commit: string },
): string {
  const bom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': 'hone',
        name: 'hone',
        version,
        licenses: [{ license: { id: 'Apache-2.0' } }],
        properties: [{ name: 'hone:commit', value: commit }],
      },
    },
    components: packages.map(({ name, version, licence }) => ({
      type: name === 'bun' ? 'platform' : 'library',
      'bom-ref': purl(name, version),
      name,
      version,
      purl: purl(name, version),
      licenses: [/ /.test(licence) ? { expression: licence } : { license: { id: licence } }],
    })),
    dependencies: [{ ref: 'hone', dependsOn: packages.map(({ name, version }) => purl(name, version)) }],
  }
  return `${JSON.stringify(bom, null, 2)}\n`
}

/** A package of npm as every tool names it (https://github.com/package-url/purl-spec). */
const purl = (name: string, version: string): string => `pkg:npm/${name.replace('@', '%40')}@${version}`
