// Many subscribers of many streams, four frames a second each: what a delivery costs the server and how old a frame is
// when it arrives, beside npm ws, socket.io, JSON for each client, and a C loop that does nothing but write. The server
// has one core, the load generator (a process of its own, in C) another.
import { availableParallelism } from 'node:os'
import { ASSETS, assets } from '../../src/model/assets.ts'
import { limits } from '../../src/model/limits.ts'
import { TIMEFRAMES, timeframes } from '../../src/model/timeframes.ts'
import { type Bench, type Row, rounded } from '../figures.ts'
import { FanOutRig, type Measured, type Server } from './fanout-rig.ts'

const STREAMS = ASSETS * TIMEFRAMES
const FRAME_BYTES = 300
const LARGE_FRAME_BYTES = 2_000
const STORM_STREAMS = 12

export const bench: Bench = async ({ full }) => {
  const subscribers = full ? 10_000 : 500
  const seconds = full ? 20 : 1.5
  const slow = subscribers / 10
  const names = assets.flatMap((asset) => timeframes.map(({ name }) => `${asset.name} ${name}`))
  const rig = await FanOutRig.open(names)
  try {
    const run = (server: Server, other: { frameBytes?: number; slow?: number; ackMs?: number } = {}) =>
      rig.measure({ server, subscribers, seconds, streams: STREAMS, frameBytes: FRAME_BYTES, ...other })
    const raw = await run('raw')
    const own = await run('gateway')
    const acknowledged = await run('gateway', { ackMs: limits.clientAckMs })
    const ws = await run('ws')
    const socketIo = await run('socket.io')
    const rawLarge = await run('raw', { frameBytes: LARGE_FRAME_BYTES })
    const ownLarge = await run('gateway', { frameBytes: LARGE_FRAME_BYTES })
    const jsonLarge = await run('json', { frameBytes: LARGE_FRAME_BYTES })
    const slowed = await run('gateway', { slow, ackMs: limits.clientAckMs })
    const storm = { subscribers, streams: STORM_STREAMS, snapshotBytes: 100_000 }
    const ownStorm = await rig.storm({ server: 'gateway', ...storm })
    const rawStorm = await rig.storm({ server: 'raw', ...storm, snapshotBytes: ownStorm.snapshotBytes })
    const cost = (one: Measured, limit: Measured): number => one.cpuUs / limit.cpuUs
    const row = (name: string, one: Measured, limit: Measured): Row[] => [
      { name: `${name}: CPU of a delivery`, value: one.cpuUs, unit: 'us', note: `${rounded(cost(one, limit))}x raw` },
      { name: `${name}: deliveries`, value: one.perCpuSecond, unit: 'a CPU second', note: share(one, full) },
      { name: `${name}: age on arrival, p50`, value: one.p50, unit: 'ms' },
      {
        name: `${name}: age on arrival, p99`,
        value: one.p99,
        unit: 'ms',
        note: `${rounded(one.p99 / limit.p99)}x raw`,
      },
      { name: `${name}: memory`, value: one.rssKb, unit: 'KB a connection' },
    ]
    return {
      title: `Fan-out: ${subscribers.toLocaleString('en')} subscribers over ${STREAMS} streams (zipf), 4 Hz, ${seconds} s each${rig.isPinned ? ', server and load on a core each' : `, not pinned: ${availableParallelism()} core`}`,
      rows: [
        ...row(`raw writes, ${FRAME_BYTES} B`, raw, raw),
        ...row(`gateway, ${FRAME_BYTES} B`, own, raw),
        ...row('gateway, every client acknowledges each second', acknowledged, raw),
        ...row(`ws, ${FRAME_BYTES} B`, ws, raw),
        ...row(`socket.io, ${FRAME_BYTES} B`, socketIo, raw),
        ...row(`raw writes, ${LARGE_FRAME_BYTES} B`, rawLarge, rawLarge),
        ...row(`gateway, ${LARGE_FRAME_BYTES} B`, ownLarge, rawLarge),
        ...row(`JSON for each client, ${LARGE_FRAME_BYTES} B`, jsonLarge, rawLarge),
        {
          name: `gateway, ${slow.toLocaleString('en')} of them read nothing: age of the others, p99`,
          value: slowed.p99,
          unit: 'ms',
          note: `${rounded(slowed.p99 / acknowledged.p99)}x without them`,
        },
        { name: 'the same: memory, most', value: slowed.rssPeakMb, unit: 'MB' },
        {
          name: `newcomers at once, ${Math.round(ownStorm.snapshotBytes / 1000)} KB each: gateway`,
          value: ownStorm.seconds,
          unit: 's',
          note: `${rounded(ownStorm.seconds / rawStorm.seconds)}x raw`,
        },
        { name: 'the same: raw writes', value: rawStorm.seconds, unit: 's' },
        { name: 'the same: memory growth', value: ownStorm.growthMb, unit: 'MB' },
        { name: 'the same: snapshots encoded', value: ownStorm.encoded, unit: `for ${STORM_STREAMS} streams` },
      ],
      figures: {
        subscribers,
        cpuPerDeliveryVsRaw: rounded(cost(own, raw)),
        latencyMsP99: rounded(own.p99),
        latencyMsP50: rounded(own.p50),
        latencyP99VsRaw: rounded(own.p99 / raw.p99),
        deliveriesPerCpuSecond: rounded(own.perCpuSecond),
        wsVsOwn: rounded(ws.cpuUs / own.cpuUs),
        socketIoVsOwn: rounded(socketIo.cpuUs / own.cpuUs),
        jsonVsOwn2Kb: rounded(jsonLarge.cpuUs / ownLarge.cpuUs),
        rssKbPerConnection: rounded(own.rssKb),
        slowReadersP99Ratio: rounded(slowed.p99 / acknowledged.p99),
        stormVsRaw: rounded(ownStorm.seconds / rawStorm.seconds),
        stormGrowthMb: rounded(ownStorm.growthMb),
        stormEncoded: ownStorm.encoded,
      },
    }
  } finally {
    await rig.close()
  }
}

/** A server that cannot keep up delivers less than was asked for. */
function share(one: Measured, full: boolean): string {
  return full ? `${Math.round(one.share * 100)} % of what was due` : ''
}
