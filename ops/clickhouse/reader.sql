-- A user for people who ask questions on a ClickHouse server. Run it once as an administrator, with another password and
-- with your database where it is not liquidity_map:
--   clickhouse-client --multiquery < ops/clickhouse/reader.sql
-- It is no migration: the process itself needs no right to make users.

-- readonly is not set here: our client sets it for each question, and could not where the profile had done so.
CREATE SETTINGS PROFILE IF NOT EXISTS liquidity_map_reader SETTINGS
  max_execution_time = 10 MIN 1 MAX 10,
  max_memory_usage = 268435456 MAX 419430400,
  max_result_rows = 10000 MAX 10000,
  max_result_bytes = 16777216 MAX 16777216,
  max_threads = 2 MAX 2,
  max_concurrent_queries_for_user = 4 READONLY;

CREATE USER IF NOT EXISTS liquidity_map_reader IDENTIFIED BY 'change this password'
  SETTINGS PROFILE 'liquidity_map_reader';

REVOKE ALL ON *.* FROM liquidity_map_reader;

-- Only SELECT, and nothing that reads files or addresses: table functions need more than this.
GRANT SELECT ON liquidity_map.* TO liquidity_map_reader;
REVOKE SELECT ON liquidity_map.checkpoints FROM liquidity_map_reader;
REVOKE SELECT ON liquidity_map.migrations FROM liquidity_map_reader;

-- What the gate asks before a question: which functions, tables and databases there are.
GRANT SELECT ON system.functions TO liquidity_map_reader;
GRANT SELECT ON system.aggregate_function_combinators TO liquidity_map_reader;
GRANT SELECT(name, database) ON system.tables TO liquidity_map_reader;
GRANT SELECT(name) ON system.databases TO liquidity_map_reader;
