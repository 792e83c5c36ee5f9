/**
 * Which division of its group a member works under, as far as it is certain. The number comes with the heartbeats, and those
 * go on while the group is divided anew: the new number may be heard before what it gives us and takes from us.
 */
export class GroupGeneration {
  #member: string | undefined
  #isDividing = false
  #current = -1

  /** Grows with every division; -1 before the first. */
  get current(): number {
    return this.#current
  }

  /** The group is being divided: what is heard from here on belongs to a share that is not known yet. */
  dividing(): void {
    this.#isDividing = true
  }

  /** Our share is known. True: the group has taken us for somebody new, and may count from the start. */
  joined(member: string): boolean {
    const isAnew = this.#member !== undefined && this.#member !== member
    if (isAnew) this.#current = -1
    this.#member = member
    this.#isDividing = false
    return isAnew
  }

  /** A heartbeat was answered. One that was sent before a division may be answered behind it. */
  beat(member: string, generation: number): void {
    if (this.#isDividing || member !== this.#member) return
    this.#current = Math.max(this.#current, generation)
  }
}
