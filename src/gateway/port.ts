import { type AddressInfo, createServer } from 'node:net'
import { LmapError } from '../model/errors.ts'

/**
 * The port to listen on, for 0 one that is free now; throws a coded error unless it is. uWebSockets by itself would share a
 * port with another process and split the clients between them, its exclusive mode forbids to open the port more than
 * once, and so does it where it is asked for any.
 */
export async function portToOpen(host: string, port: number): Promise<number> {
  // Clients that come back while we look would wait for an answer for ever: they are sent away at once and try again.
  const probe = createServer((socket) => socket.destroy())
  const fault = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    probe.once('error', resolve)
    probe.listen({ host, port }, () => resolve(undefined))
  })
  if (fault !== undefined) throw describeFault(fault, host, port)
  const { port: found } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return found
}

function describeFault(cause: NodeJS.ErrnoException, host: string, port: number): LmapError {
  if (cause.code === 'EADDRINUSE') {
    const hint = 'Stop what uses it, or choose another with --port.'
    return new LmapError('LMAP_PORT_BUSY', `Port ${port} of ${host} is in use.`, { hint, cause })
  }
  if (cause.code === 'EACCES') {
    const hint = 'Choose one from 1024 on with --port.'
    return new LmapError('LMAP_CONFIG', `Port ${port} needs more rights.`, { hint, cause })
  }
  const hint = 'Choose an address of this machine with --host.'
  return new LmapError('LMAP_CONFIG', `Cannot listen on ${host}: ${cause.code}.`, { hint, cause })
}
