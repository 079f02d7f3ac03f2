// A package index: what it offers of a package, as JSON (PEP 691) or as HTML (PEP 503), and where pip says that it is.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as v from 'valibot'
import { HoneError } from '../../error.ts'

/** A file that can be had. */
export interface Offer {
  file: string
  /** http:, https: or file: */
  url: string
  /** Of the whole file, in hexadecimal; null where nobody says it. */
  sha256: string | null
  /** Bytes; null where nobody says it. */
  size: number | null
}

/** What is offered of a package. @throws HoneError where the place cannot be reached. */
export type Source = (name: string) => Promise<Offer[]>

const Page = v.looseObject({
  files: v.array(
    v.looseObject({
      filename: v.string(),
      url: v.string(),
      hashes: v.optional(v.looseObject({ sha256: v.optional(v.string()) }), {}),
      size: v.optional(v.number()),
      yanked: v.optional(v.union([v.boolean(), v.string()]), false),
    }),
  ),
})
const ACCEPT = 'application/vnd.pypi.simple.v1+json, text/html;q=0.5'
const TIMEOUT = 60_000

/** An index at an address. */
export const indexAt =
  (address: string): Source =>
  async (name) => {
    const url = `${address.replace(/\/$/, '')}/${name}/`
    let response: Response
    try {
      response = await fetch(url, { headers: { accept: ACCEPT }, signal: AbortSignal.timeout(TIMEOUT) })
      if (!response.ok) throw new Error(`status ${response.status}`)
      const text = await response.text()
      return text.trimStart().startsWith('{') ? offersOfJson(text, response.url) : offersOfHtml(text, response.url)
    } catch (cause) {
      throw new HoneError(`Cannot read the package index: ${cause instanceof Error ? cause.message : String(cause)}`, {
        at: url,
        hint: OFFLINE,
        cause,
      })
    }
  }

export const OFFLINE =
  'on a machine with a network, `hone doctor --install cuda --dry-run` lists the files; bring them here and give their folder as --from DIR'

function offersOfJson(text: string, base: string): Offer[] {
  const { files } = v.parse(Page, JSON.parse(text))
  return files
    .filter(({ yanked }) => yanked === false)
    .map(({ filename, url, hashes, size }) => ({
      file: filename,
      url: new URL(url, base).href,
      sha256: hashes.sha256 ?? null,
      size: size ?? null,
    }))
}

function offersOfHtml(text: string, base: string): Offer[] {
  return [...text.matchAll(/<a\s([^>]*)>([^<]*)<\/a>/gi)]
    .filter(([, attributes]) => !/\bdata-yanked\b/.test(attributes!))
    .flatMap(([, attributes, name]) => {
      const link = /href="([^"]*)"/i.exec(attributes!)?.[1]?.replaceAll('&amp;', '&')
      if (link === undefined) return []
      const url = new URL(link, base)
      const sha256 = /sha256=([0-9a-f]{64})/.exec(url.hash)?.[1] ?? null
      url.hash = ''
      return [{ file: name!.trim(), url: url.href, sha256, size: null }]
    })
}

/** A folder of wheels, or one wheel. */
export function folderOf(path: string): Source {
  const files = statSync(path).isDirectory() ? readdirSync(path).map((file) => join(path, file)) : [path]
  const offers = files.map((each): Offer => ({
    file: each.slice(each.lastIndexOf('/') + 1),
    url: pathToFileURL(resolve(each)).href,
    sha256: null,
    size: statSync(each).size,
  }))
  return () => Promise.resolve(offers)
}

/** Where pip looks: its variable, else its files, else PyPI. */
export function usualIndex(environment: Record<string, string | undefined> = process.env): string {
  const { PIP_INDEX_URL, PIP_CONFIG_FILE, VIRTUAL_ENV, XDG_CONFIG_HOME, HOME = homedir() } = environment
  if (PIP_INDEX_URL) return PIP_INDEX_URL
  const files = [
    PIP_CONFIG_FILE,
    VIRTUAL_ENV && join(VIRTUAL_ENV, 'pip.conf'),
    join(XDG_CONFIG_HOME ?? join(HOME, '.config'), 'pip', 'pip.conf'),
    join(HOME, '.pip', 'pip.conf'),
    '/etc/pip.conf',
  ]
  for (const file of files) {
    if (!file || !existsSync(file)) continue
    const said = /^\s*index[-_]url\s*[=:]\s*(\S+)/im.exec(readFileSync(file, 'utf8'))?.[1]
    if (said !== undefined) return said
  }
  return 'https://pypi.org/simple'
}
