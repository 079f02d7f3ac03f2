// The libraries of a wheel, unpacked as it arrives: nothing of it lies on disk but what is wanted, and that is checked twice,
// against the hash of the whole wheel and against the hashes that the wheel says of its files (RECORD, PEP 376).
import { Unzip, UnzipInflate } from 'fflate'
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { HoneError } from '../../error.ts'

/** Names under which files are kept, by their names in the wheel. */
export type Wanted = Readonly<Record<string, string>>

/**
 * Writes the wanted files into `folder`. @throws HoneError for a wheel that is damaged, is not the one that was promised, or lacks a
 * file; what it wrote is then not to be used.
 */
export async function unpackWheel(
  chunks: AsyncIterable<Uint8Array>,
  at: string,
  { wanted, folder, sha256 }: { wanted: Wanted; folder: string; sha256: string | null },
): Promise<void> {
  const whole = new Bun.CryptoHasher('sha256')
  const hashes = new Map<string, string>()
  let record = ''
  let failure: Error | undefined
  const unzip = new Unzip((file) => {
    const name = file.name.slice(file.name.lastIndexOf('/') + 1)
    const kept = Object.hasOwn(wanted, name) ? wanted[name] : undefined
    if (kept === undefined && !file.name.endsWith('.dist-info/RECORD')) return
    const hash = new Bun.CryptoHasher('sha256')
    const decoder = new TextDecoder()
    const descriptor = kept === undefined ? undefined : openSync(join(folder, kept), 'w', 0o755)
    file.ondata = (error, data, final) => {
      if (error) failure ??= error
      if (descriptor === undefined) record += decoder.decode(data, { stream: !final })
      else for (let from = 0; from < data.length;) from += writeSync(descriptor, data, from)
      hash.update(data)
      if (!final || descriptor === undefined) return
      closeSync(descriptor)
      hashes.set(file.name, hash.digest('base64url'))
    }
    file.start()
  })
  unzip.register(UnzipInflate)
  const damaged = (why: string) =>
    new HoneError(`Cannot unpack the package: ${why}`, {
      at,
      hint: 'nothing was installed; try again, or another --from',
    })
  try {
    for await (const chunk of chunks) {
      whole.update(chunk)
      unzip.push(chunk)
      if (failure) throw failure
    }
    unzip.push(new Uint8Array(), true)
  } catch (cause) {
    throw damaged(cause instanceof Error ? cause.message : String(cause))
  }
  if (sha256 !== null && whole.digest('hex') !== sha256) throw damaged(`its SHA-256 is not ${sha256}`)
  const said = new Map(record.split('\n').map((line) => line.split(',') as [string, string]))
  for (const name of Object.keys(wanted)) {
    const found = [...hashes].find(([path]) => path.endsWith(`/${name}`))
    if (found === undefined) throw damaged(`there is no ${name} in it`)
    if (said.get(found[0]) !== `sha256=${found[1]}`) throw damaged(`${name} is not what the package says of it`)
  }
}
