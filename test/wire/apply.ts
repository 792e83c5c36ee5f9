import { BlockType, blockEnd, type Column, decodeColumn, decodeDelta, emptyColumn } from '../../src/wire/blocks.ts'
import { corrupt, decodeHeader } from '../../src/wire/frame.ts'
import { decodeGroup } from '../../src/wire/groups.ts'

/** Walks a frame the way any reader must: header, then block after block. */
export function applyFrame(frame: Uint8Array): { live: Column | undefined; closed: Column[] } {
  const { bodyAt } = decodeHeader(frame)
  let live: Column | undefined
  const closed: Column[] = []
  for (let at = bodyAt; at < frame.length; ) {
    if (frame[at] === BlockType.delta) {
      if (live === undefined) throw corrupt('a delta without a column')
      at = decodeDelta(frame, at, live)
    } else if (frame[at] === BlockType.group) {
      closed.push(...decodeGroup(frame, at))
      at = blockEnd(frame, at)
    } else {
      const column = emptyColumn()
      const type = frame[at]
      at = decodeColumn(frame, at, column)
      if (type === BlockType.key) live = column
      else closed.push(column)
    }
  }
  return { live, closed }
}
