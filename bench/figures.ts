/** One line of a bench's table. Units stand in the name or beside the value, never both. */
export interface Row {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What the value is compared with, such as `3.1x of C`. */
  readonly note?: string
}

export interface BenchResult {
  /** What was measured, one sentence. */
  readonly title: string
  readonly rows: readonly Row[]
  /** Named figures of `--json`. */
  readonly figures: Readonly<Record<string, number | string>>
}

export interface BenchOptions {
  /** The real size; else a small one that only shows that the bench works. */
  readonly full: boolean
  /** Only whether it works at all: for the benches whose small size takes minutes. */
  readonly smoke: boolean
}

export type Bench = (options: BenchOptions) => Promise<BenchResult>

/** The result as a Markdown table, which reads well on a terminal too. */
export function tableOf({ title, rows }: BenchResult): string {
  const cells = rows.map((row) => [row.name, `${formatted(row.value)} ${row.unit}`, row.note ?? ''])
  const head = ['what', 'measured', 'beside']
  const widths = head.map((text, i) => Math.max(text.length, ...cells.map((cell) => cell[i]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [title, '', line(head), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line), ''].join('\n')
}

/** Three significant figures, the fourth being noise on any machine. */
export function formatted(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value)
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: Math.min(digits, 2) })
}

export function rounded(value: number): number {
  return Number(value.toPrecision(4))
}
