import { compress, uncompress } from 'lz4-napi'
import { assetByName, assets } from '../model/assets.ts'
import type { Checkpoint } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'
import { seconds } from './column-rows.ts'
import { readNative } from './native-block.ts'

/** Columns of an insert, in the order of checkpointLine. */
export const checkpointNames: readonly string[] = [
  'asset',
  'logOffset',
  'countOffset',
  'clock',
  'layout',
  'imageBase64',
]

export async function checkpointLine(checkpoint: Checkpoint): Promise<string> {
  const image = await compress(checkpoint.image)
  const { asset, offset, countOffset = 0, clockMs, layout } = checkpoint
  return `${[assets[asset]!.name, offset, countOffset, seconds(clockMs), layout, image.toString('base64')].join('\t')}\n`
}

const types = {
  name: 'String',
  offset: 'Float64',
  countOffset: 'Float64',
  clockMs: 'Float64',
  layout: 'UInt32',
  image: 'String',
} as const

export function checkpointsQuery(of: readonly AssetId[] | undefined): string {
  // Names from our own table: nothing here comes from outside.
  const where = of === undefined ? '' : `WHERE asset IN (${of.map((id) => `'${assets[id]!.name}'`).join(', ')})`
  return `SELECT CAST(asset, 'String') AS name, toFloat64(logOffset) AS offset,
      toFloat64(countOffset) AS countOffset,
      toFloat64(toUnixTimestamp64Milli(clock)) AS clockMs, layout, image
    FROM checkpoints FINAL ${where} FORMAT Native`
}

/** Checkpoints of assets that are known no longer are left out, broken images are handed to `broken`. */
export async function readCheckpoints(
  bytes: Uint8Array,
  broken: (asset: string, error: unknown) => void,
): Promise<Checkpoint[]> {
  const packed: Checkpoint[] = []
  const decoder = new TextDecoder()
  readNative(bytes, types, (block) => {
    for (let row = 0; row < block.rows; row++) {
      const asset = assetByName(decoder.decode(block.name[row]!))
      if (asset === undefined) continue
      const [offset, clockMs, layout] = [block.offset[row]!, block.clockMs[row]!, block.layout[row]!]
      const countOffset = block.countOffset[row]!
      const counted = countOffset > 0 ? { countOffset } : {}
      packed.push({ asset: asset.id, offset, ...counted, clockMs, layout, image: block.image[row]! })
    }
  })
  const checkpoints: Checkpoint[] = []
  for (const checkpoint of packed.sort((a, b) => a.asset - b.asset)) {
    try {
      checkpoints.push({ ...checkpoint, image: await uncompress(checkpoint.image) })
    } catch (error) {
      broken(assets[checkpoint.asset]!.name, error)
    }
  }
  return checkpoints
}
