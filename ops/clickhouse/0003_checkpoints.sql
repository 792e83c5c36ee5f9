-- The newest memory image of each asset and the place in the log that it belongs to. The last one written stays.
-- The image is LZ4 already (a u32 size, then a block), so the column is not compressed again.
CREATE TABLE IF NOT EXISTS checkpoints
(
  asset LowCardinality(String),
  logOffset UInt64,
  clock DateTime64(3, 'UTC'),
  layout UInt32,
  imageBase64 String EPHEMERAL,
  image String DEFAULT base64Decode(imageBase64) CODEC(NONE),
  writtenAt DateTime DEFAULT now()
)
ENGINE = ReplacingMergeTree
ORDER BY asset
-- Outdated images are dropped within minutes instead of whenever enough parts have come together.
SETTINGS index_granularity = 1, min_age_to_force_merge_seconds = 120;
