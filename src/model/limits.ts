import { assert } from './errors.ts'
import { BATCH_HEADER_BYTES, RECORD_BYTES, RECORDS_MAX } from './events.ts'

/** Every bound of the system, in one place; limits that depend on each other are checked below. */
export const limits = Object.freeze({
  /** Bytes of events that wait for the core, per asset. */
  ringBytes: 1 << 18,
  /** A stream's snapshot is made anew after so many turns of the fast loop. */
  refreshTicks: 20,
  /** Where all streams are told, wanted or not, those of the longer timeframes are told every so many turns. */
  unhurriedTicks: 4,
  /** The state of one asset is kept this often, each in its turn: a crash costs at most this times the assets. */
  checkpointMs: 500,
  /** A worker has so many tasks on its desk; a task ends with the asset that brings its events to so many bytes. */
  tasksPerWorker: 2,
  taskBytes: 1 << 19,
  /** Tasks that wait for a worker: the engine asks for no more than lie on the desks. */
  tasksQueuedMax: 64,
  /** The fast loop: the newest columns are read, encoded and sent this often. */
  tickMs: 250,
  /** A source may have this many bytes on the way before it must wait. */
  sourceBytesMax: 8 << 20,
  /** A source hands its batches over in parts of about this size, or sooner where it must wait anyway. */
  sourceWriteBytes: 1 << 16,
  /** A source thread sends what it has gathered after so long (the map is late by it), and its counts this often. */
  sourceChunkMs: 5,
  sourceStatusMs: 250,
  /** A source that follows the clock and falls further behind than this skips ahead. */
  sourceLagMsMax: 2_000,
  /** A collector repeats each whole book this often, so that a reader can start anywhere in the log. */
  bookRefreshMs: 30_000,
  /** Diffs of one book that wait for its snapshot; beyond it the oldest go. */
  bookDiffsMax: 512,
  /** Levels kept of one side of a book whose venue sends no depth to trim to; the farthest go. */
  bookLevelsMax: 10_000,
  /** A liquidation older than this at its arrival is a repetition of the past. */
  liquidationAgeMsMax: 60_000,
  /** Trades of one symbol that are remembered to recognise repetitions. */
  tradesRememberedMax: 2048,
  /** One try of a REST request, the tries of one request, and the largest answer (a venue's list of contracts is 3 MB). */
  restMsMax: 10_000,
  restTriesMax: 5,
  restBodyBytesMax: 32 << 20,
  /** Back-off of a REST request and of a venue's socket, before jitter; after a rate limit that does not say how long (grows with each one). */
  restRetryMs: 1_000,
  restRetryMsMax: 32_000,
  restRateMs: 16_000,
  /** A ban, and a filter that was hit too often, where they do not say how long. */
  restBanMs: 120_000,
  restFilterMs: 600_000,
  /** Requests of a live feed that wait for their venue's budget, and those on their way. */
  restQueueMax: 512,
  restInFlightMax: 4,
  /** A venue's socket must be open by then, and each subscription answered (it is asked for twice). */
  liveConnectMsMax: 5_000,
  liveAckMsMax: 5_000,
  /** The largest message of a venue. */
  liveFrameBytesMax: 8 << 20,
  /** Sockets and books are looked at this often; after so long of good data a socket's failures are forgotten. */
  liveSweepMs: 250,
  liveGoodMs: 60_000,
  /** A book that is not there after so long is asked for again, twice the time later each time; two asks are so far apart. */
  liveBookMsMax: 10_000,
  liveBookGapMs: 500,
  /** A book whose best bid is above its best ask for so long is wrong. */
  liveCrossedMsMax: 1_000,
  /** A book's stream that is silent for so long, and for so many of its usual intervals, on a socket that is alive. */
  liveSilentMs: 20_000,
  liveSilentIntervals: 20,
  /** Two sockets are heard before and after one takes over from the other; it must be able to by then. */
  liveOverlapMs: 10_000,
  liveTakeOverMsMax: 60_000,
  /** Without any venue by then a live source gives up. */
  liveReachMsMax: 5_500,
  /** Venues list, delist and change ticks: their metadata is asked for this often, and again so soon where it failed. */
  instrumentsMs: 86_400_000,
  instrumentsRetryMs: 600_000,
  /** A start waits so long for them, and only so long where no venue answers at all. */
  instrumentsStartMsMax: 4_000,
  instrumentsMuteMsMax: 1_500,
  /** A mark price this far (as a fraction) from what the other venues say belongs to another coin or another multiple. */
  markDeviationMax: 0.03,
  /** The past that warms the forecast up, and what a start may wait for it: what is missing then stays missing. */
  warmUpMs: 5 * 86_400_000,
  warmUpMsMax: 300_000,
  /** Assets whose past is asked for at a time: the budgets of the venues set the pace, this the memory. */
  warmUpAssetsMax: 4,
  /** A clock this far from a venue's makes ages wrong. */
  clockSkewWarnMs: 1_000,
  /** Room on the disk that a live day of all assets needs, with a margin. */
  diskBytesMin: 2 << 30,
  /** A line of a recording. */
  replayLineBytesMax: 32 << 20,
  /** Size and age of a block of our own recordings, and what may wait for the disk. */
  recordBlockBytes: 1 << 18,
  recordBlockMs: 1_000,
  recordBytesMax: 16 << 20,
  /** Batches of the in-process log that wait for the engine. */
  logBytesMax: 32 << 20,
  /** Batches on their way to the broker, gathered or sent, before writers are asked to wait. */
  kafkaBytesMax: 8 << 20,
  /** Batches of one asset that travel as one message, and messages of one partition in one request (brokers take 1 MB). */
  kafkaMessageBytesMax: 1 << 18,
  kafkaSendBytesMax: 3 << 18,
  /** Batches are gathered this long before they are sent, so that one request carries many. */
  kafkaLingerMs: 20,
  /** Back-off between tries to reach a broker that was lost. */
  kafkaRetryMsMin: 200,
  kafkaRetryMsMax: 1_000,
  /** A broker that answers, but cannot do yet what it is asked, is asked again for so long. */
  kafkaSettleMsMax: 15_000,
  /** What a stop may take to bring the last batches to the broker. */
  kafkaFlushMsMax: 1_000,
  /** What a stop may take to leave a group whose broker does not answer. */
  kafkaLeaveMsMax: 1_000,
  /**
   * A reader that the group has not heard from for a session is replaced: the shortest that brokers take. It says this often
   * that it lives, and hears within a beat that the group is divided anew; who does not come to that in time is left out.
   */
  kafkaSessionMs: 6_000,
  kafkaBeatMs: 1_000,
  kafkaRebalanceMs: 10_000,
  /** What a processor tells gateways of one asset at once, and what may wait for the broker before it is dropped. */
  parcelBytesMax: 1 << 19,
  framesBytesMax: 8 << 20,
  /** A gateway that starts reads so much of the frames' past: longer than two whole columns of a stream are apart. */
  framesBackMs: 15_000,
  /** After so long without a word of its owner an asset may come to one of an older count. */
  framesQuietMs: 30_000,
  /** Venue states, the forecast's state and what clusters need are told this often, each asset in its turn. */
  framesStatusMs: 1_000,
  /** A processor this far behind its log says so, and its assets are shown as stale; below the other it has caught up. */
  behindMsMax: 5_000,
  behindMsOver: 2_000,
  /** While it catches up it says this often how fast, and how long it will take. */
  behindSayMs: 10_000,
  /** What a hand-over may wait for the store to have the state that is given away. */
  handOverMsMax: 1_000,
  /** A processor that stops gives all its assets away in this time. */
  handOverAllMsMax: 8_000,
  /** A role that starts before the broker or the store asks again so soon, and for so long. */
  rolePatienceMs: 500,
  rolePatienceMsMax: 60_000,
  /** A request for the health or the numbers of a role that serves no page, and such requests at a time. */
  healthMsMax: 5_000,
  healthConnectionsMax: 64,
  /** Subscriptions of one client. */
  clientStreamsMax: 64,
  /** A control message. */
  clientMessageBytesMax: 4096,
  /** Control messages of one client in so long. */
  clientMessagesMax: 100,
  clientMessagesMs: 10_000,
  /** A client says this often how far it has read. */
  clientAckMs: 1_000,
  /** A stream without a frame for so long is shown as stale, and a connection is given up and made anew. */
  clientSilentMs: 4_000,
  clientSilentMsMax: 20_000,
  /** A snapshot that was asked for and has not come is asked for again. */
  clientSnapshotMsMax: 5_000,
  /** A connection that has not been greeted by then is given up: some platforms never tell of one that died early. */
  clientConnectMsMax: 8_000,
  /** A page asks this often what the forecast is worth; an hour's score cannot change sooner. */
  clientScoreMs: 60_000,
  /** Rows of reports that a page shows of one kind; those of all assets are asked for this often, and the read of one. */
  clientReportRowsMax: 600,
  clientReportsMs: 5_000,
  clientReadMs: 5_000,
  /** What a busy server has refused is asked for again, the first time after so long and each time after twice as long. */
  clientBusyTriesMax: 5,
  clientBusyMs: 250,
  /** The page writes its address when steps have rested for so long: browsers refuse more than three changes a second. */
  pageAddressMs: 400,
  /** Back-off of a client that reconnects, before jitter. */
  clientRetryMsMin: 300,
  clientRetryMsMax: 15_000,
  /** Unsent bytes of one client before its stream is cut to a fresh snapshot. */
  clientQueueBytesMax: 4 << 20,
  /** A client that stays behind for so long is closed. */
  clientStaleMsMax: 30_000,
  clientsPerAddressMax: 20_000,
  /** A client whose acknowledged frame is older than this is behind, whatever its socket says. */
  clientLagMsMax: 2_000,
  /** How often clients are looked at for being behind. */
  clientSweepMs: 1_000,
  /** Snapshots on their way to sockets that have not taken them whole. */
  snapshotsUnsentMax: 128,
  /** A socket that takes its snapshot more slowly does not hold the others up. */
  snapshotSlotMsMax: 2_000,
  /** Snapshots handed out before other work gets its turn. */
  snapshotsPerTurnMax: 32,
  /** A snapshot serves newcomers, with what followed it, until so many messages have; and what all of them may take. */
  openingTailMax: 32,
  openingBytesMax: 128 << 20,
  /** Deltas behind a key before they are folded into it. */
  streamDeltasMax: 128,
  /** A stream stays fresh for so long after its last subscriber has left. */
  streamLingerMs: 5_000,
  /** Sockets that listen on the gateway's port, each with a queue of its own; and a connection that says nothing for so long is cut. */
  frontSocketsMax: 32,
  clientIdleSecondsMax: 60,
  /** Threads of the gateway. */
  gatewaysMax: 64,
  /** What is told to threads of the gateway and not read yet; each message and snapshot must fit in half of it. */
  gatewayRingBytes: 32 << 20,
  /** Openings of which is remembered where in it they were written, by topic and part. */
  openingsRememberedMax: 4_096,
  /** Requests of one thread that the main thread has not answered. */
  requestsForwardedMax: 1_000,
  /** A thread that has ended is started anew after so long, but not more often than so many times in so long. */
  gatewayRestartMs: 100,
  gatewayRestartsMax: 5,
  gatewayRestartsMs: 60_000,
  /** A thread that says nothing for so long hangs. */
  gatewaySilentMsMax: 15_000,
  /** Streams that are not kept fresh whose closed columns stay in memory. */
  streamsIdleMax: 64,
  /** Histories read from the store at a time, and how long one may take before a stream starts without. */
  historyLoadsMax: 4,
  historyMsMax: 5_000,
  /** A stream that started without its history asks for it again so long after the store last failed. */
  historyRetryMs: 10_000,
  /** A request for one moment of a stream waits so long for its live column. */
  liveWaitMsMax: 1_500,
  /** Maps being written as JSON at a time. */
  mapRequestsMax: 8,
  /** Characters of an answer from which it is worth being compressed, and answers being compressed at a time. */
  compressBytesMin: 2_048,
  compressionsMax: 4,
  /** Columns of a map where the request does not say. */
  mapColumns: 60,
  /** Clusters of one kind and side, the largest; columns looked back at to tell how long one has stood. */
  clustersMax: 24,
  clusterColumnsMax: 60,
  /** Scored hours of a forecast that are told where the request does not say, and at most. */
  scoreHours: 168,
  scoreHoursMax: 720,
  /** Reports of one asset and kind that newcomers get: those that stand, and the newest of those that are over. */
  reportsStandingMax: 64,
  reportsOverMax: 20,
  /** Who follows reports hears this often that there is nothing new; without it for so long they are shown as stale. */
  reportPulseMs: 5_000,
  clientReportsSilentMs: 15_000,
  /** Rows of reports that are over and that a client keeps for each asset. */
  clientReportsMax: 500,
  /** Rows of reports where the request does not say, and at most; the history that one request looks through. */
  reportRows: 100,
  reportRowsMax: 1_000,
  reportSearchMsMax: 31 * 86_400_000,
  /** A report that began so long before the time asked for is not looked for, though it may have stood until then. */
  reportStandMsMax: 86_400_000,
  /**
   * What reports and the forecast were worth, and how far a history goes, is asked of the store this often at most, however
   * many want to know; so many answers are kept, and so many different ones read at a time.
   */
  readingKeepMs: 5_000,
  readingsKeptMax: 512,
  readingsMax: 8,
  /** The plans file is looked at this often: a key that was revoked is off within this and a sweep. */
  plansLookMs: 1_000,
  /** Holders whose requests are counted before those of past minutes are forgotten. */
  holdersCountedMax: 10_000,
  /** Alert rules of everybody and of one holder, the name of one, and the file of rules or a rule that is posted. */
  alertRulesMax: 200,
  alertRulesPerHolderMax: 20,
  alertNameCharsMax: 80,
  alertFileBytesMax: 1 << 18,
  alertBodyBytesMax: 1 << 14,
  /** Of a size that anybody asks for: no order is larger. */
  usdMax: 1e12,
  /** A rule may ask for so much silence after a firing. */
  alertCooldownSecondsMax: 86_400,
  /** The rules file is looked at this often; what has fired is written down this often. */
  alertLookMs: 1_000,
  alertKeepMs: 5_000,
  /** Firings that are remembered so that none is told twice. */
  alertKeysMax: 20_000,
  /** Who takes assets over reads so much of what has fired for them elsewhere, and goes on without after so long. */
  alertTakeOverBackMs: 86_400_000,
  alertTakeOverMsMax: 2_000,
  /** A back-test: days, where it is not said and at most; its time; reports, columns and candles read; firings followed; at a time. */
  alertBacktestDays: 7,
  alertBacktestDaysMax: 30,
  alertBacktestMsMax: 20_000,
  alertBacktestRowsMax: 10_000,
  alertBacktestColumnsMax: 2_016,
  alertBacktestCandlesMax: 300_000,
  alertBacktestTrialsMax: 500,
  alertBacktestsMax: 1,
  /** Rules of a page, assets that they watch at a time, firings that it lists, and how old news may be that call. */
  pageAlertsMax: 40,
  pageAlertAssetsMax: 16,
  pageFiringsMax: 50,
  pageAlertFreshMs: 30_000,
  /** Webhooks that wait, on the way at a time, one try, tries, the answer that is read, and the back-off before jitter. */
  webhookQueueMax: 1_000,
  webhookInFlightMax: 4,
  webhookMsMax: 10_000,
  webhookTriesMax: 10,
  webhookAnswerBytesMax: 1 << 16,
  webhookRetryMs: 2_000,
  webhookRetryMsMax: 900_000,
  /** Characters of a webhook's address and of its secret. */
  webhookUrlCharsMax: 1_024,
  webhookSecretCharsMin: 16,
  webhookSecretCharsMax: 256,
  /** Path and query of a request. */
  urlBytesMax: 2_048,
  /** The built page, held in memory. */
  pageFilesMax: 1_000,
  pageBytesMax: 64 << 20,
  /** Close frames are given this long to leave before sockets are cut. */
  closeGraceMs: 100,
  /** Rows and age of a block that the store writes. */
  storeRowsMax: 2_000,
  storeAgeMs: 1_000,
  /** Rows that wait for the store before the engine is held. */
  storeQueueRowsMax: 200_000,
  /** The same in bytes: a column that waits keeps its cells. */
  storeQueueBytesMax: 64 << 20,
  /** What may wait on the disk while a ClickHouse server is away, before the same happens: days of all assets. */
  storeSpillBytesMax: 4 * 2 ** 30,
  /** Text of one insert: the main thread builds it and hands it over, two milliseconds for half a megabyte. */
  storeBodyBytesMax: 1 << 19,
  /** Back-off of a block that could not be written. */
  storeRetryMs: 250,
  storeRetryMsMax: 10_000,
  /** What the embedded engine may take for one query, and the threads it may use. */
  storeQueryBytesMax: 400 << 20,
  storeThreadsMax: 2,
  /** A query of the store's, a write included, that has no answer by then has failed. */
  storeRequestMsMax: 30_000,
  /** A question by people: its text, the parts it may grow to, its time, memory and answer; and those that wait behind it. */
  sqlCharsMax: 16_384,
  sqlNodesMax: 20_000,
  sqlMsMax: 10_000,
  sqlQueryBytesMax: 256 << 20,
  sqlRowsMax: 10_000,
  sqlAnswerBytesMax: 16 << 20,
  sqlWaitingMax: 4,
  /** Rows that wait at the end are given this long. */
  storeStopMsMax: 1_200,
  /** An event time further than this from our clock is replaced by our clock. */
  clockSkewMsMax: 5_000,
  /** Every asset hears at least this often that time moves. */
  heartbeatMs: 1_000,
  /** A venue without an event for so long is stale, and for so long is down. */
  venueStaleMs: 10_000,
  venueDownMs: 60_000,
  /** A stage that has not stopped by then is left behind. */
  stopMsMax: 1_500,
})
/** For a stage that is tested with other bounds. */
export type Limits = Readonly<Record<keyof typeof limits, number>>

assert(
  limits.ringBytes >= 2 * (BATCH_HEADER_BYTES + RECORDS_MAX * RECORD_BYTES),
  'the ring holds two of the largest batches',
)
assert((limits.ringBytes & (limits.ringBytes - 1)) === 0, 'the ring is a power of two')
assert(limits.clientSilentMs > 2 * limits.heartbeatMs, 'a stream is not stale for one late heartbeat')
assert(
  (limits.clientMessagesMax / limits.clientMessagesMs) * limits.clientAckMs > 4,
  'a client that acknowledges and switches streams stays within its rate',
)
assert(limits.clientReportsSilentMs > 2 * limits.reportPulseMs, 'reports are not stale for one late pulse')
assert(limits.clientSilentMsMax > limits.clientReportsSilentMs, 'reports are stale before the connection is given up')
assert((limits.gatewayRingBytes & (limits.gatewayRingBytes - 1)) === 0, 'the ring of the gateway is a power of two')
assert(limits.historyMsMax < limits.historyRetryMs, 'a history that is late has failed before it is asked for again')
assert(limits.storeStopMsMax < limits.stopMsMax, 'the store gives up before it is left behind')
assert(limits.kafkaMessageBytesMax >= BATCH_HEADER_BYTES + RECORDS_MAX * RECORD_BYTES, 'a message holds any batch')
assert(limits.kafkaSendBytesMax >= limits.kafkaMessageBytesMax, 'a request holds any message')
assert(3 * limits.kafkaBeatMs < limits.kafkaSessionMs, 'a reader is not replaced for one late beat')
assert(limits.kafkaLeaveMsMax < limits.stopMsMax, 'a group is left within the time of a stop')
assert(limits.kafkaBytesMax < limits.logBytesMax, 'writers are asked to wait long before the log refuses')
assert(limits.alertKeysMax > limits.alertRulesMax, 'each rule is remembered')
assert(limits.alertTakeOverBackMs >= limits.alertCooldownSecondsMax * 1_000, 'a silence outlives a hand-over')
assert(limits.alertRulesPerHolderMax <= limits.alertRulesMax, 'a holder has his share of the rules')
assert(limits.parcelBytesMax < limits.framesBytesMax, 'a parcel fits among what waits')
assert(
  limits.framesBackMs > 2 * limits.refreshTicks * limits.tickMs,
  'what a gateway reads of the past holds a whole column of every stream',
)
assert(limits.framesStatusMs < limits.clientSilentMs, 'a state is told before its asset counts as silent')
assert(limits.handOverMsMax < limits.stopMsMax, 'a hand-over fits into the time of a stop')
assert(limits.kafkaFlushMsMax < limits.stopMsMax, 'the last batches are sent within the time of a stop')
