-- What became of levels that reports spoke of, and of levels without a report that they are compared with: see
-- docs/reports.md, "Lift". One row per trial; with it the counts of its asset, kind and side, as they stood after it. A
-- control says for which trial of a report it was drawn: the two count together.
CREATE TABLE IF NOT EXISTS lift_trials
(
  asset LowCardinality(String),
  start DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  kind LowCardinality(String),
  side LowCardinality(String),
  control Bool CODEC(ZSTD(1)),
  bucket Int32 CODEC(ZSTD(1)),
  price Float64 CODEC(ZSTD(1)),
  touch DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  outcome LowCardinality(String),
  reportStart DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  reportOutcome LowCardinality(String),
  distanceUsd Float64 CODEC(ZSTD(1)),
  atrUsd Float64 CODEC(Gorilla, ZSTD(1)),
  n UInt32 CODEC(T64, ZSTD(1)),
  held UInt32 CODEC(T64, ZSTD(1)),
  broken UInt32 CODEC(T64, ZSTD(1)),
  controlsHeld UInt32 CODEC(T64, ZSTD(1)),
  controlsBroken UInt32 CODEC(T64, ZSTD(1)),
  writtenAt DateTime DEFAULT now() CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(at)
PARTITION BY toYYYYMM(start)
ORDER BY (asset, start, kind, side, control, bucket)
TTL writtenAt + toIntervalDay(1095);

-- The newest counts of each asset, kind and side: what is asked often.
CREATE TABLE IF NOT EXISTS lift_counts
(
  asset LowCardinality(String),
  kind LowCardinality(String),
  side LowCardinality(String),
  at DateTime64(3, 'UTC') CODEC(ZSTD(1)),
  n UInt32 CODEC(ZSTD(1)),
  held UInt32 CODEC(ZSTD(1)),
  broken UInt32 CODEC(ZSTD(1)),
  controlsHeld UInt32 CODEC(ZSTD(1)),
  controlsBroken UInt32 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (asset, kind, side);

CREATE MATERIALIZED VIEW IF NOT EXISTS lift_counts_feed TO lift_counts AS
SELECT asset, kind, side, at, n, held, broken, controlsHeld, controlsBroken
FROM lift_trials;

-- Pairs day by day, of all that is kept: those of several days or assets may be added up.
CREATE VIEW IF NOT EXISTS lift AS
SELECT
  asset, toDate(at) AS day, kind, side, count() AS n,
  countIf(reportOutcome = 'held') AS held,
  countIf(reportOutcome = 'broken') AS broken,
  countIf(outcome = 'held') AS controlsHeld,
  countIf(outcome = 'broken') AS controlsBroken
FROM lift_trials FINAL
WHERE control
GROUP BY asset, day, kind, side;
