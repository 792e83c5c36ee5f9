-- Reports, see docs/reports.md. A row is told again while its event goes on; the one of the latest time stays. The id is
-- the same for the same event of the same log, so a replay adds nothing.
CREATE TABLE IF NOT EXISTS walls
(
  asset LowCardinality(String),
  start DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  id String CODEC(ZSTD(1)),
  at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  side LowCardinality(String),
  bucket Int32 CODEC(ZSTD(1)),
  price Float64 CODEC(ZSTD(1)),
  usd Float64 CODEC(ZSTD(1)),
  state LowCardinality(String),
  venue LowCardinality(String),
  venueUsd Array(Float64) CODEC(ZSTD(1)),
  peakUsd Float64 CODEC(ZSTD(1)),
  executedUsd Float64 CODEC(ZSTD(1)),
  density Float64 CODEC(ZSTD(1)),
  strength Float64 CODEC(ZSTD(1)),
  spoof Float64 CODEC(ZSTD(1)),
  secondsToEat Nullable(Float64) CODEC(ZSTD(1)),
  distanceBp Float64 CODEC(ZSTD(1)),
  pulls UInt32 CODEC(ZSTD(1)),
  movedBuckets Int32 CODEC(ZSTD(1)),
  coveredBuckets Int32 CODEC(ZSTD(1)),
  writtenAt DateTime DEFAULT now() CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(at)
PARTITION BY toYYYYMM(start)
ORDER BY (asset, start, id)
TTL writtenAt + toIntervalDay(365);

CREATE TABLE IF NOT EXISTS sweeps
(
  asset LowCardinality(String),
  start DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  id String CODEC(ZSTD(1)),
  at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  side LowCardinality(String),
  bucket Int32 CODEC(ZSTD(1)),
  price Float64 CODEC(ZSTD(1)),
  usd Float64 CODEC(ZSTD(1)),
  venue LowCardinality(String),
  finish DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  firstPrice Float64 CODEC(ZSTD(1)),
  levels UInt32 CODEC(ZSTD(1)),
  displacementBp Float64 CODEC(ZSTD(1)),
  magnitude Float64 CODEC(ZSTD(1)),
  depthPart Float64 CODEC(ZSTD(1)),
  liquidationDriven Bool CODEC(ZSTD(1)),
  liquidationUsd Float64 CODEC(ZSTD(1)),
  cluster DateTime64(3, 'UTC') CODEC(ZSTD(1)),
  clusterCount UInt32 CODEC(ZSTD(1)),
  writtenAt DateTime DEFAULT now() CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(at)
PARTITION BY toYYYYMM(start)
ORDER BY (asset, start, id)
TTL writtenAt + toIntervalDay(1095);

CREATE TABLE IF NOT EXISTS absorptions
(
  asset LowCardinality(String),
  start DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  id String CODEC(ZSTD(1)),
  at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  side LowCardinality(String),
  bucket Int32 CODEC(ZSTD(1)),
  price Float64 CODEC(ZSTD(1)),
  usd Float64 CODEC(ZSTD(1)),
  state LowCardinality(String),
  venue LowCardinality(String),
  efficiency Float64 CODEC(ZSTD(1)),
  executedToShown Float64 CODEC(ZSTD(1)),
  refills UInt32 CODEC(ZSTD(1)),
  wall Bool CODEC(ZSTD(1)),
  long Bool CODEC(ZSTD(1)),
  holdMs Float64 CODEC(ZSTD(1)),
  netUsd Float64 CODEC(ZSTD(1)),
  lean Float64 CODEC(ZSTD(1)),
  writtenAt DateTime DEFAULT now() CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(at)
PARTITION BY toYYYYMM(start)
ORDER BY (asset, start, id)
TTL writtenAt + toIntervalDay(1095);

CREATE TABLE IF NOT EXISTS convergences
(
  asset LowCardinality(String),
  start DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  id String CODEC(ZSTD(1)),
  at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  side LowCardinality(String),
  bucket Int32 CODEC(ZSTD(1)),
  price Float64 CODEC(ZSTD(1)),
  usd Float64 CODEC(ZSTD(1)),
  state LowCardinality(String),
  wall Bool CODEC(ZSTD(1)),
  sweep Bool CODEC(ZSTD(1)),
  absorption Bool CODEC(ZSTD(1)),
  liquidations Bool CODEC(ZSTD(1)),
  venues Array(LowCardinality(String)) CODEC(ZSTD(1)),
  score Float64 CODEC(ZSTD(1)),
  writtenAt DateTime DEFAULT now() CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(at)
PARTITION BY toYYYYMM(start)
ORDER BY (asset, start, id)
TTL writtenAt + toIntervalDay(1095);
