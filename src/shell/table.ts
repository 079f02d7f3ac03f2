// Text in columns: aligned for a terminal, or as Markdown.

/**
 * One line per row; every column is padded to its widest cell, but for spaces at the end of a line. With `numbers`, all columns
 * after the first stand to the right. Widths count terminal cells.
 */
export function table(rows: readonly (readonly string[])[], { numbers = false } = {}): string[] {
  const widths: number[] = []
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, Bun.stringWidth(cell))
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const space = ' '.repeat(widths[column]! - Bun.stringWidth(cell))
        return numbers && column > 0 ? space + cell : cell + space
      })
      .join('  ')
      .trimEnd(),
  )
}

/** Lines of a Markdown table; what a cell says stays one cell, and shows as it is. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(escape).join(' | ')} |`)
}

const escape = (cell: string): string => cell.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')
