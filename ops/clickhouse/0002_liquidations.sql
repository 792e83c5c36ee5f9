-- One row per liquidation as a venue reported it. The key is all that tells two reports apart, so a replay adds nothing.
CREATE TABLE IF NOT EXISTS liquidations
(
  asset LowCardinality(String),
  venue LowCardinality(String),
  time DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  side LowCardinality(String),
  price Float64 CODEC(Gorilla, ZSTD(1)),
  priceKind LowCardinality(String),
  coins Float64 CODEC(ZSTD(1)),
  usd Float64 CODEC(ZSTD(1)),
  writtenAt DateTime DEFAULT now() CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (asset, time, venue, side, price, coins)
TTL writtenAt + toIntervalDay(1095);
