/** Close codes are a contract about reconnecting, see docs/wire.md: 4000-4499 with back-off, 4500-4999 do not. */
export const CloseCode = {
  shutdown: 4000,
  tooSlow: 4001,
  tooManyMessages: 4002,
  planChanged: 4003,
  badRequest: 4500,
  limit: 4501,
  key: 4502,
} as const
