import type { Reply, Request } from './reply.ts'

/**
 * What a page of another origin may read, so that it can carry a map (docs/embed.md): the script of the element and
 * readings of the market. They are the same for everybody, or belong to a key that is sent by hand and never by cookie;
 * so every origin may ask. Questions in SQL, alerts and metrics are not among them.
 */
const shared: readonly string[] = [
  '/embed.js',
  '/api/v1/assets',
  '/api/v1/map',
  '/api/v1/clusters',
  '/api/v1/score',
  '/api/v1/history',
  '/api/v1/read',
]
const SHARED_FOLDER = '/api/v1/reports/'
const PREFLIGHT_SECONDS = 86_400

export function isShared(path: string): boolean {
  return shared.includes(path) || path.startsWith(SHARED_FOLDER)
}

/** Lets browsers hand shared answers to any page, and answers what they ask before a request with a key. */
export function crossOrigin(answer: (request: Request) => Promise<Reply>): (request: Request) => Promise<Reply> {
  return async (request) => {
    if (!isShared(request.path)) return answer(request)
    if (request.method === 'OPTIONS') {
      return {
        status: 204,
        headers: [
          ['access-control-allow-origin', '*'],
          ['access-control-allow-methods', 'GET, HEAD'],
          ['access-control-allow-headers', 'accept, authorization, if-none-match'],
          ['access-control-max-age', String(PREFLIGHT_SECONDS)],
        ],
        body: '',
      }
    }
    const reply = await answer(request)
    const open = [
      ['access-control-allow-origin', '*'],
      ['access-control-expose-headers', 'etag'],
      // The script is run by pages of other origins, which may ask for that to be said.
      ['cross-origin-resource-policy', 'cross-origin'],
    ] as const
    return { ...reply, headers: [...reply.headers, ...open] }
  }
}
