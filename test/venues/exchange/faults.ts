/** What is wrong with the venue at present. All harmless at the start. */
export class Faults {
  /** Changes what is sent of a frame of data: nothing, the same, something else, several. `isFirst`: of a subscription. */
  data: ((text: string, topic: string, isFirst: boolean) => readonly string[]) | undefined
  /** Every socket is open, answers, and carries no data. */
  isMute = false
  /** Sockets die as soon as they are open. */
  isHangingUp = false
  /** Answers of REST that replace the right ones. */
  rest: ((path: string, right: () => RestReply) => RestReply) | undefined
  /** The status with which sockets are refused. */
  upgradeStatus: number | undefined
  /** How far the venue's clock is ahead. */
  skewMs = 0

  clear(): void {
    this.data = undefined
    this.isMute = false
    this.isHangingUp = false
    this.rest = undefined
    this.upgradeStatus = undefined
    this.skewMs = 0
  }
}

export interface RestReply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}
