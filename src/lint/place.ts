// From a finding in a piece of text to a line and a column of the file.
import type { Diagnostic } from '../shell/diag.ts'
import { type Found, withoutEdges } from './check.ts'
import { locate, pathAt, placeAt } from '../text/json/scan.ts'
import type { Path } from './rule.ts'

/** A piece of a file that holds one row: where it begins, and its text. */
export interface Piece {
  line: number
  column: number
  text: string
  /** Of a row that was made from a record: the record's text, and where in it a path of the row leads. */
  origin?: { text: string; offsetOf(path: Path): number }
  /** The text is not in the file, whose rows alone have numbers. */
  packed?: boolean
}

/** A finding with the text that it stands in, at which offset, and whether --fix can mend it. */
export interface Placed {
  diagnostic: Diagnostic
  text: string
  at: number
  mendable?: boolean
}

/** The findings of a piece in the order of their places. */
export function placed(
  file: string,
  piece: Piece,
  found: readonly Found[],
  mends: (found: Found) => boolean,
): Placed[] {
  if (found.length === 0) return []
  const plain = withoutEdges(piece.text)
  const shift = piece.text.startsWith('\ufeff') ? 1 : 0
  const { origin } = piece
  const all = found.map((each): Placed => {
    const { rule, message, hint, path, offset } = each
    // Offsets of rules about lines count from the start of the line, those of paths and syntax from the JSON.
    const at = origin
      ? origin.offsetOf(offset === undefined ? path : pathAt(plain, offset))
      : offset === undefined
        ? locate(plain, path) + shift
        : rule.on === 'syntax'
          ? offset + shift
          : offset
    const text = origin?.text ?? piece.text
    const { line, column } = piece.packed ? piece : placeAt({ ...piece, text }, at)
    const diagnostic = { code: rule.code, severity: rule.severity, file, line, column, message, hint }
    return { diagnostic, text, at, ...(mends(each) ? { mendable: true } : {}) }
  })
  return all.sort(({ diagnostic: a }, { diagnostic: b }) => a.line - b.line || a.column - b.column)
}
