-- One row per minute, venue and asset: what the venue said of its market and whether it was heard at all. A minute that
-- was read twice (a restart in its middle) keeps the row that has seen more batches.
CREATE TABLE IF NOT EXISTS venue_minutes
(
  asset LowCardinality(String),
  venue LowCardinality(String),
  time DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
  state LowCardinality(String),
  batches UInt32 CODEC(T64, ZSTD(1)),
  mark Float64 CODEC(Gorilla, ZSTD(1)),
  openInterest Float64 CODEC(Gorilla, ZSTD(1)),
  openInterestUsd Float64 CODEC(Gorilla, ZSTD(1)),
  buyUsd Float64 CODEC(ZSTD(1)),
  sellUsd Float64 CODEC(ZSTD(1)),
  trades UInt32 CODEC(T64, ZSTD(1)),
  writtenAt DateTime DEFAULT now() CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(batches)
PARTITION BY toYYYYMM(time)
ORDER BY (asset, venue, time)
TTL writtenAt + toIntervalDay(365);

CREATE VIEW IF NOT EXISTS open_interest AS
SELECT asset, venue, time, openInterest AS coins, openInterestUsd AS usd
FROM venue_minutes FINAL
WHERE openInterest > 0;

CREATE VIEW IF NOT EXISTS marks AS
SELECT asset, venue, time, mark
FROM venue_minutes FINAL
WHERE mark > 0;

CREATE VIEW IF NOT EXISTS venue_states AS
SELECT asset, venue, time, state, batches
FROM venue_minutes FINAL;
