// Text in aligned columns.

/** One line per row; every column but the last is padded to its widest cell. Widths count terminal cells. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, Bun.stringWidth(cell))
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + ' '.repeat(widths[column]! - Bun.stringWidth(cell)),
      )
      .join('  ')
      .trimEnd(),
  )
}
