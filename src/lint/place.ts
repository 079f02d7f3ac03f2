// From a finding in a piece of text to a line and a column of the file.
import type { Diagnostic } from '../shell/diag.ts'
import { type Found, withoutEdges } from './check.ts'
import { locate } from './scan.ts'

/** A piece of a file that holds one row: where it begins, and its text. */
export interface Piece {
  line: number
  column: number
  text: string
}

/** The findings of a piece in the order of their places. */
export function placed(file: string, piece: Piece, found: readonly Found[]): Diagnostic[] {
  if (found.length === 0) return []
  const plain = withoutEdges(piece.text)
  const shift = piece.text.startsWith('\ufeff') ? 1 : 0
  const diagnostics = found.map(({ rule, message, hint, path, offset }): Diagnostic => {
    // Offsets of rules about lines count from the start of the line, those of paths and syntax from the JSON.
    const at = offset === undefined ? locate(plain, path) + shift : rule.on === 'syntax' ? offset + shift : offset
    return { code: rule.code, severity: rule.severity, file, ...positionOf(piece, at), message, hint }
  })
  return diagnostics.sort((a, b) => a.line - b.line || a.column - b.column)
}

function positionOf({ line, column, text }: Piece, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  const breaks = before.split('\n').length - 1
  return breaks === 0
    ? { line, column: column + offset }
    : { line: line + breaks, column: offset - before.lastIndexOf('\n') }
}
