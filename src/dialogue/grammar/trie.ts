// The tokens of a vocabulary as a tree of their bytes, laid flat in the order in which a walk meets them.
import type { Piece } from '../pieces.ts'

export interface Trie {
  /** Of each node the byte that leads to it, how many bytes lead to it, and the index behind its last descendant. Node 0 is the root. */
  byte: Uint8Array
  depth: Uint16Array
  end: Int32Array
  /** Tokens that end at a node, as a part of `tokens`: from one index to the next node's. */
  first: Int32Array
  tokens: Int32Array
  /** Most bytes of a token. */
  longest: number
}

export function trieOf(pieces: readonly Piece[]): Trie {
  const sorted = pieces.filter(({ bytes }) => bytes.length > 0).toSorted((a, b) => Buffer.compare(a.bytes, b.bytes))
  const total = sorted.reduce((sum, { bytes }) => sum + bytes.length, 1)
  const byte = new Uint8Array(total)
  const depth = new Uint16Array(total)
  const end = new Int32Array(total)
  const first = new Int32Array(total + 1)
  const tokens = new Int32Array(sorted.length)
  const path: number[] = [0]
  let nodes = 1
  let last = new Uint8Array()
  const leave = (to: number): void => {
    while (path.length > to) end[path.pop()!] = nodes
  }
  sorted.forEach(({ id, bytes }, i) => {
    let shared = 0
    while (shared < Math.min(last.length, bytes.length) && last[shared] === bytes[shared]) shared++
    leave(shared + 1)
    for (let at = shared; at < bytes.length; at++) {
      byte[nodes] = bytes[at]!
      depth[nodes] = at + 1
      first[nodes] = i
      path.push(nodes++)
    }
    tokens[i] = id
    last = new Uint8Array(bytes)
  })
  leave(0)
  first[nodes] = sorted.length
  return {
    byte: byte.slice(0, nodes),
    depth: depth.slice(0, nodes),
    end: end.slice(0, nodes),
    first: first.slice(0, nodes + 1),
    tokens,
    longest: sorted.reduce((most, { bytes }) => Math.max(most, bytes.length), 0),
  }
}
