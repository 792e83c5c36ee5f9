-- Where the log must be read from, so that the venue minutes that were open at the checkpoint can be counted anew: they
-- are no part of the image. 0: from behind the image.
ALTER TABLE checkpoints ADD COLUMN IF NOT EXISTS countOffset UInt64 DEFAULT 0 AFTER logOffset;
