import { type AddressInfo, createServer } from 'node:net'
import { LmapError } from '../model/errors.ts'

/**
 * Throws a coded error unless host and port are free to listen on. uWebSockets by itself would share a port with another
 * process and split the clients between them, and its exclusive mode forbids to open the port more than once.
 */
export async function checkPort(host: string, port: number): Promise<void> {
  // Clients that come back while we look would wait for an answer for ever: they are sent away at once and try again.
  const probe = createServer((socket) => socket.destroy())
  const fault = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    probe.once('error', resolve)
    probe.listen({ host, port }, () => resolve(undefined))
  })
  if (fault !== undefined) throw describeFault(fault, host, port)
  await new Promise((resolve) => probe.close(resolve))
}

/** A port that is free now: threads that share one have to know it before the first of them listens. */
export async function freePort(host: string): Promise<number> {
  const probe = createServer()
  const fault = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    probe.once('error', resolve)
    probe.listen({ host, port: 0 }, () => resolve(undefined))
  })
  if (fault !== undefined) throw describeFault(fault, host, 0)
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
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
