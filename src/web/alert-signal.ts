const NOTES_HZ = [880, 1_174.7] as const
const NOTE_SECONDS = 0.16
const VOLUME = 0.14
/** Exponential ramps cannot begin or end at nothing. */
const SILENCE = 1e-4

/** Two short tones, made by the browser: there is no file to load. */
export class AlertSound {
  #context: AudioContext | undefined

  /** Browsers let a page sound only once somebody has pressed something on it: call this then. */
  async unlock(): Promise<boolean> {
    this.#context ??= new AudioContext()
    await this.#context.resume()
    return this.#context.state === 'running'
  }

  /** False where the browser keeps silent. */
  play(): boolean {
    const context = this.#context
    if (context === undefined || context.state !== 'running') return false
    for (const [index, hz] of NOTES_HZ.entries()) {
      const startSeconds = context.currentTime + index * NOTE_SECONDS
      const endSeconds = startSeconds + NOTE_SECONDS * 1.6
      const tone = context.createOscillator()
      const volume = context.createGain()
      tone.frequency.value = hz
      volume.gain.setValueAtTime(SILENCE, startSeconds)
      volume.gain.exponentialRampToValueAtTime(VOLUME, startSeconds + 0.015)
      volume.gain.exponentialRampToValueAtTime(SILENCE, endSeconds)
      tone.connect(volume).connect(context.destination)
      tone.start(startSeconds)
      tone.stop(endSeconds)
    }
    return true
  }
}

/** Whether the system may be asked to show a notification, and whether it does. */
export function notificationState(): 'granted' | 'denied' | 'default' | 'none' {
  return typeof Notification === 'undefined' ? 'none' : Notification.permission
}

/** Shows a notification where that was allowed. `tag` replaces the one before it. */
export function notify(title: string, body: string, tag: string, press: () => void): void {
  if (notificationState() !== 'granted') return
  try {
    const shown = new Notification(title, { body, tag })
    shown.addEventListener('click', () => {
      window.focus()
      shown.close()
      press()
    })
  } catch {
    // Some phones allow notifications to service workers alone: the page itself has told already.
  }
}
