import { readFileSync } from 'node:fs'

export interface Question {
  readonly number: number
  readonly title: string
  readonly sql: string
}

/** The numbered questions of docs/sql.md, as they stand there. */
export function questionsOfDoc(): Question[] {
  const text = readFileSync(new URL('../../docs/sql.md', import.meta.url), 'utf8')
  return [...text.matchAll(/^(\d+)\. (.+)\n\n```sql\n([\s\S]+?)```$/gm)].map(([, number, title, sql]) => ({
    number: Number(number),
    title: title!,
    sql: sql!,
  }))
}
