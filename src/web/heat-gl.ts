import { BUCKETS } from '../model/layers.ts'
import { type HeatField, ROWS, SLOT_FIELDS, SLOTS } from './heat-field.ts'
import type { HeatPainter, HeatStyle, HeatView } from './heat-painter.ts'
import { fragmentShader, vertexShader } from './heat-shader.ts'
import { CHANNELS, RAMP_STEPS } from './palette.ts'

const uniformNames = [
  'cells',
  'slots',
  'ramps',
  'height',
  'slotZeroX',
  'slotWidth',
  'topPrice',
  'pricePerPixel',
  'slotRange',
  'floorCode',
  'slope',
  'gamma',
  'depthShare',
] as const

/** A painter on WebGL2, or undefined where the browser has none worth having. `onLost` is called when the GPU goes away. */
export function glPainter(onLost: () => void): HeatPainter | undefined {
  const canvas = document.createElement('canvas')
  // The canvas is never in the document; keeping its buffer lets an unchanged picture be copied again.
  // Where the processor would draw in place of a GPU the other painter is ten times as fast.
  const failIfMajorPerformanceCaveat = true
  const options: WebGLContextAttributes = { antialias: false, depth: false, preserveDrawingBuffer: true }
  const gl = canvas.getContext('webgl2', { ...options, failIfMajorPerformanceCaveat })
  if (gl === null || gl.getParameter(gl.MAX_TEXTURE_SIZE) < SLOTS) return undefined
  const program = link(gl)
  if (program === undefined) return undefined
  canvas.addEventListener('webglcontextlost', onLost)
  return new GlPainter(canvas, gl, program)
}

class GlPainter implements HeatPainter {
  readonly kind = 'webgl2'
  readonly canvas: HTMLCanvasElement
  readonly #gl: WebGL2RenderingContext
  readonly #at: Record<(typeof uniformNames)[number], WebGLUniformLocation | null>
  readonly #cells: WebGLTexture
  readonly #slots: WebGLTexture
  readonly #ramps: WebGLTexture
  #fieldVersion = -1
  #rampsVersion = -1

  constructor(canvas: HTMLCanvasElement, gl: WebGL2RenderingContext, program: WebGLProgram) {
    this.canvas = canvas
    this.#gl = gl
    gl.useProgram(program)
    const at = uniformNames.map((name) => [name, gl.getUniformLocation(program, name)])
    this.#at = Object.fromEntries(at)
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
    this.#cells = texture(gl, 0, gl.NEAREST)
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8UI, BUCKETS, ROWS)
    this.#slots = texture(gl, 1, gl.NEAREST)
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA32F, SLOTS, 1)
    this.#ramps = texture(gl, 2, gl.LINEAR)
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, RAMP_STEPS, CHANNELS)
    gl.uniform1i(this.#at.cells, 0)
    gl.uniform1i(this.#at.slots, 1)
    gl.uniform1i(this.#at.ramps, 2)
  }

  paint(field: HeatField, view: HeatView, style: HeatStyle): void {
    const gl = this.#gl
    const at = this.#at
    if (gl.isContextLost()) return
    if (this.canvas.width !== view.width || this.canvas.height !== view.height) {
      this.canvas.width = view.width
      this.canvas.height = view.height
    }
    if (this.#fieldVersion !== field.version) this.#upload(field)
    if (this.#rampsVersion !== style.rampsVersion) {
      gl.activeTexture(gl.TEXTURE2)
      gl.bindTexture(gl.TEXTURE_2D, this.#ramps)
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, RAMP_STEPS, CHANNELS, gl.RGBA, gl.UNSIGNED_BYTE, style.ramps)
      this.#rampsVersion = style.rampsVersion
    }
    gl.viewport(0, 0, view.width, view.height)
    gl.uniform1f(at.height, view.height)
    gl.uniform1f(at.slotZeroX, view.slotZeroX)
    gl.uniform1f(at.slotWidth, view.slotWidth)
    gl.uniform1f(at.topPrice, view.topPrice)
    gl.uniform1f(at.pricePerPixel, view.pricePerPixel)
    gl.uniform3i(at.slotRange, field.oldestSlot, field.lastSlot, BUCKETS)
    gl.uniform4fv(at.floorCode, style.floor)
    gl.uniform4fv(at.slope, style.slope)
    gl.uniform4fv(at.gamma, style.gamma)
    gl.uniform1f(at.depthShare, style.showDepth ? 1 : 0)
    gl.drawArrays(gl.TRIANGLES, 0, 3)
  }

  #upload(field: HeatField): void {
    const gl = this.#gl
    gl.activeTexture(gl.TEXTURE0)
    gl.bindTexture(gl.TEXTURE_2D, this.#cells)
    for (let row = 0; row < ROWS; row++) {
      if (field.dirtyRows[row] === 0) continue
      field.dirtyRows[row] = 0
      const from = row * BUCKETS * CHANNELS
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, row, BUCKETS, 1, gl.RGBA_INTEGER, gl.UNSIGNED_BYTE, field.codes, from)
    }
    gl.activeTexture(gl.TEXTURE1)
    gl.bindTexture(gl.TEXTURE_2D, this.#slots)
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, field.slots.length / SLOT_FIELDS, 1, gl.RGBA, gl.FLOAT, field.slots)
    this.#fieldVersion = field.version
  }
}

function texture(gl: WebGL2RenderingContext, unit: number, filter: number): WebGLTexture {
  const made = gl.createTexture()
  gl.activeTexture(gl.TEXTURE0 + unit)
  gl.bindTexture(gl.TEXTURE_2D, made)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, filter)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, filter)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE)
  return made
}

/** Undefined where the driver refuses the shaders: the other painter takes over then. */
function link(gl: WebGL2RenderingContext): WebGLProgram | undefined {
  const program = gl.createProgram()
  for (const [type, source] of [
    [gl.VERTEX_SHADER, vertexShader],
    [gl.FRAGMENT_SHADER, fragmentShader],
  ] as const) {
    const shader = gl.createShader(type)
    if (shader === null) return undefined
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    gl.attachShader(program, shader)
  }
  gl.linkProgram(program)
  return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : undefined
}
