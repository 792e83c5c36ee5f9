/** Where times and prices lie on a canvas, in device pixels. */
export interface ReportScale {
  readonly width: number
  readonly height: number
  /** Device pixels per CSS pixel. */
  readonly ratio: number
  xOf(ms: number): number
  yOf(price: number): number
  /** USD per bucket. */
  readonly step: number
  /** Right edge of the newest column: what has not ended reaches up to here. */
  readonly endX: number
}

export interface ReportColours {
  readonly bid: string
  readonly ask: string
  readonly realised: string
  readonly text: string
  readonly muted: string
  /** What is drawn on, for casings. */
  readonly ground: string
  /** Behind text that lies over a picture. */
  readonly plate: string
  readonly chip: string
}
