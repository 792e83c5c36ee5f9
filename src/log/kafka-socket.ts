import { Socket } from 'node:net'
import type { ISocketFactory } from 'kafkajs'

const KEEP_ALIVE_MS = 60_000

/**
 * A connection that the broker ends is an error, as one that breaks. kafkajs strikes a broker that ends one off its list;
 * where it was the only one, a reader whose heart was about to beat finds none left and gives its membership up.
 */
class BrokerSocket extends Socket {
  override emit(event: string | symbol, ...values: unknown[]): boolean {
    if (event !== 'end' || this.writableEnded) return super.emit(event, ...values)
    this.destroy(new Error('the broker has closed the connection'))
    return true
  }
}

export const brokerSocket: ISocketFactory = ({ host, port, onConnect }) =>
  new BrokerSocket().setKeepAlive(true, KEEP_ALIVE_MS).connect({ host, port }, onConnect)
