-- A view has the name that a reader looks for; where a table has it already, the view says how often or when.
CREATE VIEW IF NOT EXISTS liquidation_reports AS
SELECT asset, venue, time, side, price, priceKind, coins, usd
FROM liquidations FINAL;

CREATE VIEW IF NOT EXISTS liquidation_hours AS
SELECT asset, venue, toStartOfHour(time) AS hour, side, count() AS reports, sum(usd) AS totalUsd, max(usd) AS largestUsd
FROM liquidations FINAL
GROUP BY asset, venue, hour, side;

CREATE VIEW IF NOT EXISTS forecast_scores AS
SELECT
  asset, hour, model, state, bitsLong, bitsShort, mean, error, hours,
  predictedLong, predictedShort, realisedLong, realisedShort
FROM scores FINAL;

-- What could be said of each asset's forecast, and since when.
CREATE VIEW IF NOT EXISTS model_states AS
SELECT asset, hour AS since, model, state, mean, error, hours
FROM
(
  SELECT
    asset, hour, model, state, mean, error, hours,
    lagInFrame(state) OVER (PARTITION BY asset ORDER BY hour ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before
  FROM scores FINAL
)
WHERE state != before;
