import type { AlertService } from '../model/alert-service.ts'
import { type ErrorCode, LmapError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import { quote } from './control.ts'
import { errorReply, jsonReply, type Reply, type Request } from './reply.ts'

export const ALERTS_PATH = '/api/v1/alerts'
export const PREVIEW_PATH = '/api/v1/alerts/preview'
/** Methods by path; what may change something asks more of who asks. */
export const alertMethods: Readonly<Record<string, readonly string[]>> = {
  [ALERTS_PATH]: ['GET', 'HEAD', 'POST', 'DELETE'],
  [PREVIEW_PATH]: ['POST'],
}

export interface AlertRoutesOptions {
  /** Undefined: this server watches no rules. */
  readonly alerts: AlertService | undefined
  /** Whether there are keys: without them only the machine's own page may change rules. */
  readonly hasPlans: boolean
  readonly limits: Limits
}

const DAYS = 'days'
const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]'])
/** 127.0.0.0/8 and ::1, also as uWebSockets writes them out. */
const loopbackAddress = /^(127\.|(0*:)*0*1$|(0*:)*ffff:(127\.|7f))/i

const statuses: Partial<Record<ErrorCode, number>> = {
  LMAP_ALERTS_LOCKED: 403,
  LMAP_WEBHOOK_REFUSED: 400,
  LMAP_LIMIT: 503,
  LMAP_NOT_READY: 503,
  LMAP_STORE_DOWN: 503,
  LMAP_DATA_FOLDER: 503,
}

/** Alert rules over HTTP, see docs/alerts.md, for requests that were admitted. Throws what is the request's fault. */
export function createAlertRoutes({ alerts, hasPlans, limits }: AlertRoutesOptions) {
  return async (request: Request): Promise<Reply> => {
    if (alerts === undefined) {
      return errorReply(
        404,
        'LMAP_REQUEST_UNKNOWN',
        'This server watches no alert rules.',
        'docs/alerts.md says which does.',
      )
    }
    try {
      return await answer(alerts, request)
    } catch (error) {
      const status = error instanceof LmapError ? statuses[error.code] : undefined
      if (!(error instanceof LmapError) || status === undefined) throw error
      return errorReply(status, error.code, error.message, error.hint)
    }
  }

  async function answer(service: AlertService, request: Request): Promise<Reply> {
    const { path, method, holder, query } = request
    if (path === PREVIEW_PATH) {
      return jsonReply(200, await service.preview(readBody(request), readDays(query)))
    }
    if (method === 'POST') {
      demandChange(request)
      return jsonReply(201, await service.save(readBody(request), readDays(query), holder))
    }
    if (method === 'DELETE') {
      demandChange(request)
      const id = readOnly(query, 'id') ?? ''
      if (await service.remove(id, holder)) return jsonReply(200, { removed: id })
      return errorReply(404, 'LMAP_REQUEST_UNKNOWN', `There is no saved rule ${quote(id)} of yours.`)
    }
    readOnly(query, undefined)
    const isOpen = isOwn(request)
    // Without keys anybody who can open the page would see whose receivers are told what.
    return jsonReply(200, {
      canSave: isOpen && service.hosts.length > 0,
      hosts: isOpen ? service.hosts : [],
      rules: isOpen ? service.rules(holder) : [],
    })
  }

  /** Who has a key, or the page of the machine itself where there are none. */
  function isOwn({ holder, credential, address, isForwarded, host, origin, fetchSite }: Request): boolean {
    if (!['', 'none', 'same-origin'].includes(fetchSite)) return false
    if (hasPlans) return holder !== undefined && credential !== undefined
    // Through a proxy on this machine all the world comes from this machine, and may say that it asked for localhost.
    if (isForwarded) return false
    // A name that leads here is no proof: a strange page may have made its own name lead to this machine.
    const isHere = loopbackAddress.test(address) && loopbackNames.has(host.replace(/:\d+$/, ''))
    return isHere && (origin === '' || origin === `http://${host}`)
  }

  function demandChange(request: Request): void {
    if (isOwn(request)) return
    throw new LmapError('LMAP_ALERTS_LOCKED', 'Alert rules cannot be changed in this way.', {
      hint: hasPlans
        ? 'Use a key whose plan has alerts.'
        : 'Open the page on the machine itself, or start with --plans.',
    })
  }

  /** JSON and nothing else: what a form of another page can send is not. */
  function readBody({ contentType, body }: Request): unknown {
    if (!/^application\/json\s*(;|$)/i.test(contentType)) {
      throw new LmapError('LMAP_REQUEST_INVALID', 'The body is JSON, with content-type: application/json.')
    }
    if (body === undefined) {
      throw new LmapError('LMAP_REQUEST_TOO_LARGE', `A rule has at most ${limits.alertBodyBytesMax} bytes.`)
    }
    try {
      return JSON.parse(body)
    } catch (cause) {
      throw new LmapError('LMAP_REQUEST_INVALID', 'The body is not JSON.', { cause })
    }
  }

  function readDays(query: string): number {
    const text = readOnly(query, DAYS)
    const days = text === undefined ? limits.alertBacktestDays : Number(text)
    if (Number.isInteger(days) && days >= 1 && days <= limits.alertBacktestDaysMax) return days
    throw new LmapError('LMAP_REQUEST_INVALID', `${DAYS} is a whole number from 1 to ${limits.alertBacktestDaysMax}.`)
  }
}

/** The one parameter that there may be. */
function readOnly(query: string, name: string | undefined): string | undefined {
  const parameters = new URLSearchParams(query)
  for (const other of parameters.keys()) {
    if (other !== name) throw new LmapError('LMAP_REQUEST_INVALID', `There is no parameter ${quote(other)}.`)
  }
  return name === undefined ? undefined : (parameters.get(name) ?? undefined)
}
