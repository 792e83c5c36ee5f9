-- Statements end with a semicolon at the end of a line. A file that has been applied is never edited: add the next number.

-- One row per closed column. A row is written whole, so a reader sees all layers of a column or none of it.
-- Written twice (a replay, a retry), the row that has seen more of the column stays, of equal ones the newer.
-- Codes travel as base64 into the ...Base64 columns, which are not kept: text of that kind is parsed five times faster
-- than a list of numbers.
CREATE TABLE IF NOT EXISTS columns
(
  asset LowCardinality(String),
  timeframe LowCardinality(String),
  time DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  open Float64 CODEC(Gorilla, ZSTD(1)),
  high Float64 CODEC(Gorilla, ZSTD(1)),
  low Float64 CODEC(Gorilla, ZSTD(1)),
  close Float64 CODEC(Gorilla, ZSTD(1)),
  volumeUsd Float64 CODEC(ZSTD(1)),
  observedMs UInt32 CODEC(T64, ZSTD(1)),
  step Float64 CODEC(ZSTD(1)),
  quantumUsd Float64 CODEC(ZSTD(1)),
  baseBucket Int32 CODEC(Delta, ZSTD(1)),

  bidBucket Int32 CODEC(Delta, ZSTD(1)),
  bidBase64 String EPHEMERAL,
  bid Array(UInt8) DEFAULT reinterpret(base64Decode(bidBase64), 'Array(UInt8)') CODEC(ZSTD(1)),

  askBucket Int32 CODEC(Delta, ZSTD(1)),
  askBase64 String EPHEMERAL,
  ask Array(UInt8) DEFAULT reinterpret(base64Decode(askBase64), 'Array(UInt8)') CODEC(ZSTD(1)),

  bidLastBucket Int32 CODEC(Delta, ZSTD(1)),
  bidLastBase64 String EPHEMERAL,
  bidLast Array(UInt8) DEFAULT reinterpret(base64Decode(bidLastBase64), 'Array(UInt8)') CODEC(ZSTD(1)),

  askLastBucket Int32 CODEC(Delta, ZSTD(1)),
  askLastBase64 String EPHEMERAL,
  askLast Array(UInt8) DEFAULT reinterpret(base64Decode(askLastBase64), 'Array(UInt8)') CODEC(ZSTD(1)),

  longLiqBucket Int32 CODEC(Delta, ZSTD(1)),
  longLiqBase64 String EPHEMERAL,
  longLiq Array(UInt8) DEFAULT reinterpret(base64Decode(longLiqBase64), 'Array(UInt8)') CODEC(ZSTD(1)),

  shortLiqBucket Int32 CODEC(Delta, ZSTD(1)),
  shortLiqBase64 String EPHEMERAL,
  shortLiq Array(UInt8) DEFAULT reinterpret(base64Decode(shortLiqBase64), 'Array(UInt8)') CODEC(ZSTD(1)),

  longLevelBucket Int32 CODEC(Delta, ZSTD(1)),
  longLevelBase64 String EPHEMERAL,
  longLevel Array(UInt8) DEFAULT reinterpret(base64Decode(longLevelBase64), 'Array(UInt8)') CODEC(ZSTD(1)),

  shortLevelBucket Int32 CODEC(Delta, ZSTD(1)),
  shortLevelBase64 String EPHEMERAL,
  shortLevel Array(UInt8) DEFAULT reinterpret(base64Decode(shortLevelBase64), 'Array(UInt8)') CODEC(ZSTD(1)),

  writtenAt DateTime DEFAULT now() CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(observedMs)
PARTITION BY toYYYYMM(time)
ORDER BY (asset, timeframe, time)
TTL writtenAt + toIntervalDay(multiIf(timeframe = '1m', 30, timeframe = '5m', 90, timeframe = '15m', 180, 1095))
-- A row is up to 16 KB: small granules, or a chart of 360 columns would read thousands.
SETTINGS index_granularity = 128;

-- What rested, was liquidated or is predicted, one row per filled cell. price is the lower edge of the cell.
CREATE VIEW IF NOT EXISTS heatmap AS
SELECT asset, timeframe, time, bucket * step AS price, layer, quantumUsd * pow(1.06, code - 1) AS usd, bucket, step, code
FROM
(
  SELECT asset, timeframe, time, step, quantumUsd, cells.1 AS layer, cells.2 + position - 1 AS bucket, code
  FROM
  (
    SELECT asset, timeframe, time, step, quantumUsd, cells
    FROM columns FINAL
    ARRAY JOIN [
    ('bid', bidBucket, bid),
    ('ask', askBucket, ask),
    ('bidLast', bidLastBucket, bidLast),
    ('askLast', askLastBucket, askLast),
    ('longLiq', longLiqBucket, longLiq),
    ('shortLiq', shortLiqBucket, shortLiq),
    ('longLevel', longLevelBucket, longLevel),
    ('shortLevel', shortLevelBucket, shortLevel)
    ] AS cells
  )
  ARRAY JOIN cells.3 AS code, arrayEnumerate(cells.3) AS position
  WHERE code > 0
);

CREATE VIEW IF NOT EXISTS candles AS
SELECT asset, timeframe, time, open, high, low, close, volumeUsd, observedMs
FROM columns FINAL
WHERE close > 0;
