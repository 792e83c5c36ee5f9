/** Columns of text, the first to the left, the others to the right. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, k) => Math.max(...rows.map((row) => row[k]!.length)))
  return rows
    .map((row) => row.map((field, k) => (k === 0 ? field.padEnd(widths[k]!) : field.padStart(widths[k]!))).join('  '))
    .join('\n')
}
