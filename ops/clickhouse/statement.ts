import { ClickHouseFailure } from './failure.ts'

/** What must be known of a statement before the engine gets it; only its head where data follows. */
export interface Statement {
  /** First word, in capitals. */
  readonly verb: string
  /** The format named at the end of the head. */
  readonly format: string | undefined
}

/** A statement's text without its data; a server refuses longer ones too, by default from a quarter of this on. */
const HEAD_CHARS_MAX = 1 << 20
const token =
  /\s+|--[^\n]*|#[ !][^\n]*|\/\*[\s\S]*?\*\/|'(?:\\[\s\S]|''|[^'\\])*'|"(?:\\[\s\S]|""|[^"\\])*"|`(?:\\[\s\S]|``|[^`\\])*`|\$(\w*)\$[\s\S]*?\$\1\$|\w+|[\s\S]/y
const silent = /^(?:\s|--|#[ !]|\/\*)/

/**
 * Reads one statement and refuses what the engine in a process would do and a server does not: several statements in a
 * row, and files of the machine by INTO OUTFILE and FROM INFILE.
 */
export function readStatement(sql: string): Statement {
  let verb = ''
  let before = ''
  let format: string | undefined
  let isOver = false
  token.lastIndex = 0
  for (let match = token.exec(sql); match !== null; match = token.exec(sql)) {
    const text = match[0]
    if (silent.test(text)) continue
    if (token.lastIndex > HEAD_CHARS_MAX) throw refusal('the statement is too long.')
    if (isOver) throw refusal('Multi-statements are not allowed.')
    if (text === ';') {
      isOver = true
      continue
    }
    const word = text.toUpperCase()
    verb ||= word
    format = before === 'FORMAT' ? text : undefined
    if (word === 'OUTFILE' || word === 'INFILE') throw refusal(`${word} is for clients, not for a server.`)
    // What follows is data, whatever it looks like.
    if (verb === 'INSERT' && (format !== undefined || word === 'VALUES')) break
    before = word
  }
  if (verb === '') throw refusal('Empty query.')
  return { verb, format }
}

function refusal(reason: string): ClickHouseFailure {
  return new ClickHouseFailure(62, 'SYNTAX_ERROR', `Syntax error: ${reason}`)
}
