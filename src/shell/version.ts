// The version of hone, from package.json, and the commit that a binary was built from.
import manifest from '../../package.json' with { type: 'json' }

/** Put in by the build; absent from source. */
declare const HONE_COMMIT: string | undefined

export const version: string = manifest.version
/** Undefined from source, and where the build did not say. */
export const commit: string | undefined = (typeof HONE_COMMIT === 'string' && HONE_COMMIT) || undefined
/** For people: 1.2.3 (1a2b3c4). */
export const fullVersion: string = commit === undefined ? version : `${version} (${commit})`
