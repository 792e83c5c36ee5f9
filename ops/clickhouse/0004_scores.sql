-- What the forecast of each hour was worth: bits over price alone, and the running mean that is published.
CREATE TABLE IF NOT EXISTS scores
(
  asset LowCardinality(String),
  hour DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
  model UInt32 CODEC(ZSTD(1)),
  state LowCardinality(String),
  bitsLong Float64 CODEC(ZSTD(1)),
  bitsShort Float64 CODEC(ZSTD(1)),
  mean Float64 CODEC(ZSTD(1)),
  error Float64 CODEC(ZSTD(1)),
  hours Float64 CODEC(DoubleDelta, ZSTD(1)),
  predictedLong Float64 CODEC(ZSTD(1)),
  predictedShort Float64 CODEC(ZSTD(1)),
  realisedLong Float64 CODEC(ZSTD(1)),
  realisedShort Float64 CODEC(ZSTD(1)),
  writtenAt DateTime DEFAULT now() CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYear(hour)
ORDER BY (asset, hour)
TTL writtenAt + toIntervalDay(3650);
