// What a page of the manual is, and what an entry of its reference is.
import type { Command } from '../shell/command.ts'

/** A page written by hand: Markdown that begins with its title and one paragraph of what it is about. */
export interface Page {
  name: string
  group: string
  /** The first paragraph's first sentence, for lists. */
  what: string
  markdown: string
}

/** One row of a table of hone, in words. */
export interface Entry {
  name: string
  /** Other names under which it is found. */
  aliases?: readonly string[]
  /** Heading under which a page lists it. */
  section?: string
  /** One line. */
  what: string
  /** Markdown of what else there is to say. */
  more?: string
}

/** Every command by its name. */
export type Commands = readonly [string, Command][]

/** A page made from one table of hone. */
export interface Reference {
  name: string
  /** What one entry is called. */
  kind: string
  what: string
  /** Markdown between the title and the entries. */
  before?: string
  /** The tables of hone are large: each is loaded where it is asked for. */
  load(): Promise<(commands: Commands) => readonly Entry[]>
}

/** A page of the reference with its entries. */
export interface Listed extends Reference {
  entries: readonly Entry[]
}

/** All that there is to find. */
export interface Manual {
  commands: Commands
  listed: readonly Listed[]
}
