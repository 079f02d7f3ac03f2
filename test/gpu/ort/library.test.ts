// The runtime that a binary unpacks into the cache: only its own bytes are ever loaded.
import { expect, test } from 'bun:test'
import { existsSync, lstatSync, readFileSync, renameSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unpack } from '../../../src/gpu/ort/library.ts'
import { scratch } from '../../scratch.ts'

test('a cached library that is damaged, foreign or a link is replaced by the one that hone carries', async () => {
  const folder = scratch()
  const packed = join(folder, 'libpacked-1234.so')
  writeFileSync(packed, 'the library')
  const before = process.env['HONE_CACHE']
  process.env['HONE_CACHE'] = join(folder, 'cache')
  try {
    const path = await unpack(packed, 'lib.so')
    const changes = {
      'other bytes of the same size': () => writeFileSync(path, 'THE library'),
      'cut short': () => truncateSync(path, 3),
      'a link to another place': () => {
        renameSync(path, join(folder, 'elsewhere'))
        symlinkSync(join(folder, 'elsewhere'), path)
      },
    }
    for (const [what, change] of Object.entries(changes)) {
      change()
      expect(await unpack(packed, 'lib.so')).toBe(path)
      expect({ what, text: readFileSync(path, 'utf8'), plain: lstatSync(path).isFile() }).toEqual({
        what,
        text: 'the library',
        plain: true,
      })
    }
    expect(existsSync(`${path}.${process.pid}.tmp`)).toBe(false)
  } finally {
    if (before === undefined) delete process.env['HONE_CACHE']
    else process.env['HONE_CACHE'] = before
  }
})
