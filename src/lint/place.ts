// From a finding in a piece of text to a line and a column of the file.
import type { Diagnostic } from '../shell/diag.ts'
import { type Found, withoutEdges } from './check.ts'
import { locate } from '../text/json/scan.ts'

/** A piece of a file that holds one row: where it begins, and its text, which the file has unless the row was converted. */
export interface Piece {
  line: number
  column: number
  text: string
  converted?: true
}

/** A finding with the text that it stands in, at which offset. */
export interface Placed {
  diagnostic: Diagnostic
  text: string
  at: number
}

/** The findings of a piece in the order of their places; a converted row has one place, that of the record it was made from. */
export function placed(file: string, piece: Piece, found: readonly Found[]): Placed[] {
  if (found.length === 0) return []
  const plain = withoutEdges(piece.text)
  const shift = piece.text.startsWith('\ufeff') ? 1 : 0
  const all = found.map(({ rule, message, hint, path, offset }): Placed => {
    // Offsets of rules about lines count from the start of the line, those of paths and syntax from the JSON.
    const at = offset === undefined ? locate(plain, path) + shift : rule.on === 'syntax' ? offset + shift : offset
    const { line, column } = piece.converted ? piece : positionOf(piece, at)
    return {
      diagnostic: { code: rule.code, severity: rule.severity, file, line, column, message, hint },
      text: piece.text,
      at,
    }
  })
  return all.sort(({ diagnostic: a }, { diagnostic: b }) => a.line - b.line || a.column - b.column)
}

function positionOf({ line, column, text }: Piece, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  const breaks = before.split('\n').length - 1
  return breaks === 0
    ? { line, column: column + offset }
    : { line: line + breaks, column: offset - before.lastIndexOf('\n') }
}
