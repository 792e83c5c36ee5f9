/** What the layers of a column say, for users of the SDK: the same code as the page's and the HTTP interface's. */
export { type Cascade, cascadeRatio, cascadeTo } from '../model/cascade.ts'
export { modelledLayers, realisedLayersOfColumns } from '../model/cluster-layers.ts'
export { type Cluster, type ClusterLayer, findClusters, MODEL_REACH } from '../model/clusters.ts'
export { type Magnet, magnetsOf } from '../model/magnets.ts'
export type { MapColumn } from '../model/map-column.ts'
export { type Channels, emptyChannels, type Mode, modeShown, modes, readMode } from '../model/modes.ts'
