/** What `liquidity-map/client` gives: everything to follow a map, in a browser or in Node 22. See docs/sdk.md. */
export { BUCKETS, LAYERS, Layer, type LayerName, layers, usdOfCode } from '../model/layers.ts'
export type { LiftFacts, LiftKind } from '../model/lift.ts'
export { modelStates } from '../model/model-states.ts'
export { type MagnetFacts, type ReadFacts, type ReadLabel, readLabels } from '../model/read.ts'
export type {
  AbsorptionFact,
  ConvergenceFact,
  FactsOf,
  ReportFacts,
  SweepFact,
  WallFact,
} from '../model/report-facts.ts'
export { isStanding, type ReportKind, reportKinds, standsAt } from '../model/reports.ts'
export { venueStates } from '../model/venues.ts'
export type { Column } from '../wire/blocks.ts'
export { type Api, type ApiOptions, createApi, type ReportPage, type ReportRequest } from './api.ts'
export { type Connection, type ConnectionState, type ConnectOptions, connect, type StreamPart } from './connection.ts'
export { type Hello, isTerminal, type PlanFacts, type Refusal } from './control.ts'
export type { HistoryExtent } from './extent.ts'
export { MapChange, MapState } from './map-state.ts'
export type { MapStream, StreamListener, StreamState } from './map-stream.ts'
export { fetchPast, type PastRequest } from './past.ts'
export * from './readings.ts'
export type { ReportChange, ReportListener, ReportStream, ReportStreamState } from './report-stream.ts'
