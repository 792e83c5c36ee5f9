/** What tests that read Parquet lack on this machine, or undefined. */
export const chdbMissing = await import('chdb').then(
  () => undefined,
  () => 'the package chdb',
)
