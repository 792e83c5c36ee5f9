-- One row each time that a report was told, as alert rules see it: the tables of reports keep the last word only, and a
-- back-test of a rule asks what it would have seen at the time. Filled by feeds as reports are written, under a key that
-- makes a replay add nothing.
CREATE TABLE IF NOT EXISTS report_moments
(
  asset LowCardinality(String),
  kind LowCardinality(String),
  at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  id String CODEC(ZSTD(1)),
  start DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  side LowCardinality(String),
  state LowCardinality(String),
  price Float64 CODEC(ZSTD(1)),
  usd Float64 CODEC(ZSTD(1)),
  distanceBp Nullable(Float64) CODEC(ZSTD(1)),
  score Nullable(Float64) CODEC(ZSTD(1)),
  spoof Nullable(Float64) CODEC(ZSTD(1)),
  venues Array(LowCardinality(String)) CODEC(ZSTD(1)),
  writtenAt DateTime DEFAULT now() CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (asset, kind, at, id, state)
TTL writtenAt + toIntervalDay(30);

-- A wall that is over has nothing left: what counts is what it was.
CREATE MATERIALIZED VIEW IF NOT EXISTS report_moments_walls TO report_moments AS
SELECT
  asset, 'wall' AS kind, at, id, start, side, state, price, if(told.state = 'active', told.usd, told.peakUsd) AS usd,
  CAST(told.distanceBp, 'Nullable(Float64)') AS distanceBp, CAST(NULL, 'Nullable(Float64)') AS score,
  CAST(told.spoof, 'Nullable(Float64)') AS spoof, [told.venue] AS venues
FROM walls AS told;

CREATE MATERIALIZED VIEW IF NOT EXISTS report_moments_sweeps TO report_moments AS
SELECT
  asset, 'sweep' AS kind, at, id, start, side, if(told.liquidationDriven, 'driven', 'plain') AS state, price, usd,
  CAST(NULL, 'Nullable(Float64)') AS distanceBp, CAST(NULL, 'Nullable(Float64)') AS score,
  CAST(NULL, 'Nullable(Float64)') AS spoof, [told.venue] AS venues
FROM sweeps AS told;

CREATE MATERIALIZED VIEW IF NOT EXISTS report_moments_absorptions TO report_moments AS
SELECT
  asset, 'absorption' AS kind, at, id, start, side, state, price, usd,
  CAST(NULL, 'Nullable(Float64)') AS distanceBp, CAST(NULL, 'Nullable(Float64)') AS score,
  CAST(NULL, 'Nullable(Float64)') AS spoof, [told.venue] AS venues
FROM absorptions AS told;

CREATE MATERIALIZED VIEW IF NOT EXISTS report_moments_convergences TO report_moments AS
SELECT
  asset, 'convergence' AS kind, at, id, start, side, state, price, usd,
  CAST(NULL, 'Nullable(Float64)') AS distanceBp, CAST(told.score, 'Nullable(Float64)') AS score,
  CAST(NULL, 'Nullable(Float64)') AS spoof, venues
FROM convergences AS told;
