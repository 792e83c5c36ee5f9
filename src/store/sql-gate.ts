import { LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { Client } from './client.ts'
import { privateTable, type SqlWords } from './sql-words.ts'

/** Parts of a question that only compute. A part that is not here (settings, output files, APPLY, ...) is refused. */
const safeNodes = new Set([
  'ArrayJoin',
  'Asterisk',
  'ColumnsExceptTransformer',
  'ColumnsRegexpMatcher',
  'ColumnsTransformerList',
  'ExpressionList',
  'Function',
  'Identifier',
  'InterpolateElement',
  'Literal',
  'OrderByElement',
  'QualifiedAsterisk',
  'SelectIntersectExceptQuery',
  'SelectQuery',
  'SelectWithUnionQuery',
  'Subquery',
  'TableExpression',
  'TableIdentifier',
  'TableJoin',
  'TablesInSelectQuery',
  'TablesInSelectQueryElement',
  'WindowDefinition',
  'WindowListElement',
  'WithElement',
])

/**
 * The one question in `sql`, in the engine's own spelling, or an error that says what is not allowed in it. The engine
 * parses, we judge the tree: text with two statements, anything but SELECT, a table that is not ours, a function that
 * does more than compute does not pass.
 */
export async function passGate(client: Client, words: SqlWords, sql: string): Promise<string> {
  if (sql.length > limits.sqlCharsMax) {
    throw new LmapError('LMAP_REQUEST_TOO_LARGE', `A question has at most ${limits.sqlCharsMax} characters.`)
  }
  // As a value: the text is parsed, and nothing of it is run. Two statements are none.
  const [row] = await client.rows<{ text: string | null }>('SELECT formatQueryOrNull({sql:String}) AS text', { sql })
  const text = row?.text ?? null
  if (text === null) throw refused('it is not one whole statement that ClickHouse can read')
  if (!/^(SELECT|WITH|\()/.test(text)) throw refused('only SELECT is')
  // Asked each time: on a server other databases come and go.
  const databases = await client.rows<{ name: string }>('SELECT name FROM system.databases')
  const others = new Set(databases.map(({ name }) => name.toLowerCase()).filter((name) => name !== words.database))
  judge(await treeOf(client, text), words, others)
  return text
}

async function treeOf(client: Client, text: string): Promise<string[]> {
  try {
    // As a subquery it would be analysed, and parts of it worked out, before we have seen it.
    const lines = await client.read(`EXPLAIN AST ${text}`, 'JSONEachRow')
    const rows = Buffer.from(lines).toString().trimEnd().split('\n')
    return rows.map((line) => (JSON.parse(line) as { explain: string }).explain)
  } catch (error) {
    throw new LmapError('LMAP_REQUEST_INVALID', 'ClickHouse cannot read this question.', { cause: error })
  }
}

/** One line for each node; its depth is the number of spaces in front of it. */
function judge(lines: readonly string[], words: SqlWords, others: ReadonlySet<string>): void {
  if (lines[0] !== 'SelectWithUnionQuery (children 1)') throw refused('FORMAT, INTO OUTFILE and SETTINGS are not')
  let before = ''
  for (const line of lines) {
    const [, node = '', name = ''] = /^ *(\w+)(?: (.*?))?(?: \(alias .*\))?(?: \(children \d+\))?$/s.exec(line) ?? []
    if (!safeNodes.has(node)) throw refused(`${quoted(node)} is not`)
    if (node === 'Function') {
      // A function that stands where a table does comes right behind its TableExpression.
      const isKnown = before === 'TableExpression' ? words.isTableFunction(name) : words.isFunction(name)
      if (!isKnown) throw refused(`the function ${quoted(name)} is not`)
    } else if (node === 'TableIdentifier') judgeTable(name, words, others, true)
    else if (node === 'Identifier') {
      if (words.isForbidden(name)) throw refused(`the function ${quoted(name)} is not`)
      // What stands behind IN may be a table too.
      judgeTable(name, words, others, false)
    }
    before = node
  }
}

function judgeTable(name: string, words: SqlWords, others: ReadonlySet<string>, isTable: boolean): void {
  const parts = name.split('.')
  const isHidden = parts.some((part) => privateTable.test(part))
  // Without a database it is one of ours or a WITH of the question: no other database is ever the current one.
  const isElsewhere =
    parts.length > 1 &&
    (others.has(parts[0]!.toLowerCase()) || (isTable && !(parts[0] === words.database && words.isTable(parts[1]!))))
  if (isHidden || isElsewhere) throw refused(`the table ${quoted(name)} is not`)
}

function refused(why: string): LmapError {
  return new LmapError('LMAP_REQUEST_INVALID', `This question is not allowed: ${why}.`, {
    hint: 'One SELECT over the tables and views of docs/sql.md, without SETTINGS, FORMAT and INTO OUTFILE.',
  })
}

const QUOTED_CHARS_MAX = 60

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, QUOTED_CHARS_MAX))
}
