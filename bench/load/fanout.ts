// Many subscribers of many streams, four frames a second each: what a delivery costs the server and how old a frame is
// when it arrives, beside npm ws, socket.io, JSON for each client, and a C loop that does nothing but write. The server
// has one core, the load generator (a process of its own, in C) another.
import { availableParallelism } from 'node:os'
import { ASSETS, assets } from '../../src/model/assets.ts'
import { limits } from '../../src/model/limits.ts'
import { TIMEFRAMES, timeframes } from '../../src/model/timeframes.ts'
import { type Bench, type Row, rounded } from '../figures.ts'
import { FanOutRig, type Measured, type Server } from './fanout-rig.ts'

const FRAME_BYTES = 300
const LARGE_FRAME_BYTES = 2_000
const STORM_STREAMS = 12
/** Share of the frames that were due below which a server is called saturated: a little is lost at the edges. */
const SATURATED = 0.9

export const bench: Bench = async ({ full }) => {
  const subscribers = full ? 10_000 : 500
  // As many for each stream in the small run: what a stream costs by itself is shared by as many deliveries.
  const streams = full ? ASSETS * TIMEFRAMES : 20
  const seconds = full ? 15 : 1.5
  const slow = subscribers / 10
  const names = assets.flatMap((asset) => timeframes.map(({ name }) => `${asset.name} ${name}`))
  const rig = await FanOutRig.open(names)
  try {
    const run = async (server: Server, other: { frameBytes?: number; slow?: number; ackMs?: number } = {}) => {
      const begun = performance.now()
      const one = await rig.measure({
        server,
        subscribers,
        seconds,
        streams,
        frameBytes: FRAME_BYTES,
        ...other,
      })
      const took = ((performance.now() - begun) / 1000).toFixed(1)
      const kind = Object.entries(other).map(([name, value]) => ` ${name} ${value}`)
      const cost = `${one.cpuUs.toFixed(2)} us a delivery, p99 ${one.p99.toFixed(1)} ms`
      process.stderr.write(`${took} s: ${server}${kind.join('')}: ${cost}, ${shareText(one, subscribers)}\n`)
      return one
    }
    const raw = await run('raw')
    const own = await run('gateway')
    const acknowledged = await run('gateway', { ackMs: limits.clientAckMs })
    const threads = await run('gateway in 2 threads')
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
      { name: `${name}: deliveries`, value: one.perCpuSecond, unit: 'a CPU second', note: shareText(one, subscribers) },
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
      title: `Fan-out: ${subscribers.toLocaleString('en')} subscribers over ${streams} streams (zipf), 4 Hz, ${seconds} s each${rig.isPinned ? ', server and load on a core each' : `, not pinned: ${availableParallelism()} core`}`,
      rows: [
        ...row(`raw writes, ${FRAME_BYTES} B`, raw, raw),
        ...row(`gateway, ${FRAME_BYTES} B`, own, raw),
        ...row('gateway, every client acknowledges each second', acknowledged, raw),
        ...row('gateway in two threads, on the same core', threads, raw),
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
          note: `${rounded(ownStorm.seconds / rawStorm.seconds)}x raw, ${ownStorm.fed} served`,
        },
        { name: 'the same: raw writes', value: rawStorm.seconds, unit: 's' },
        {
          name: 'the same: CPU of the gateway',
          value: ownStorm.cpuSeconds,
          unit: 's',
          note: `${rounded(ownStorm.cpuSeconds / rawStorm.cpuSeconds)}x raw`,
        },
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
        threadsCpuVsOne: rounded(threads.cpuUs / own.cpuUs),
        wsVsOwn: rounded(ws.cpuUs / own.cpuUs),
        socketIoVsOwn: rounded(socketIo.cpuUs / own.cpuUs),
        jsonVsOwn2Kb: rounded(jsonLarge.cpuUs / ownLarge.cpuUs),
        rssKbPerConnection: rounded(own.rssKb),
        slowReadersP99Ratio: rounded(slowed.p99 / acknowledged.p99),
        socketIoShare: rounded(socketIo.share),
        jsonShare: rounded(jsonLarge.share),
        ackUsPerDelivery: rounded(acknowledged.cpuUs - own.cpuUs),
        stormVsRaw: rounded(ownStorm.seconds / rawStorm.seconds),
        stormServed: ownStorm.fed,
        stormCpuVsRaw: rounded(ownStorm.cpuSeconds / rawStorm.cpuSeconds),
        stormGrowthMb: rounded(ownStorm.growthMb),
        stormEncoded: ownStorm.encoded,
      },
    }
  } finally {
    await rig.close()
  }
}

/** A server that cannot keep up delivers less than was due: its ages tell of a queue that grows while one looks. */
function shareText({ share, fed, closed }: Measured, subscribers: number): string {
  const parts = [`${Math.round(share * 100)} % of what was due`]
  if (share < SATURATED) parts.push('saturated')
  if (fed < subscribers) parts.push(`${subscribers - fed} had nothing at the start`)
  if (closed > 0) parts.push(`${closed} connections lost`)
  return parts.join(', ')
}
