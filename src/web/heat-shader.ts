import { MODEL_REACH } from '../model/clusters.ts'

export const vertexShader = `#version 300 es
void main() {
  // One triangle that covers the canvas.
  vec2 corner = vec2(float((gl_VertexID << 1) & 2), float(gl_VertexID & 2));
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}`

/**
 * Per pixel: the slots and buckets that it covers, the strongest code of each channel among them (so a thin level
 * never vanishes when zoomed out), and the channels laid over each other: depth, predicted, realised.
 */
export const fragmentShader = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;

uniform usampler2D cells;
uniform sampler2D slots;
uniform sampler2D ramps;
uniform float height;
uniform float slotZeroX;
uniform float slotWidth;
uniform float topPrice;
uniform float pricePerPixel;
uniform ivec3 slotRange;
uniform vec4 floorCode;
uniform vec4 slope;
uniform vec4 gamma;
uniform float depthShare;
out vec4 colour;

const int SLOTS_MAX = 4;
const float REACH = ${MODEL_REACH.toFixed(4)};
const int BUCKETS_MAX = 24;

vec4 over(vec4 below, vec4 ramp, float share) {
  float alpha = ramp.a * share;
  return vec4(ramp.rgb * alpha + below.rgb * (1.0 - alpha), alpha + below.a * (1.0 - alpha));
}

vec4 strength(uvec4 code) {
  vec4 level = clamp((vec4(code) - floorCode) * slope, 0.0, 1.0);
  return pow(level, gamma) * vec4(greaterThan(code, uvec4(0u)));
}

void main() {
  float x = gl_FragCoord.x;
  float y = height - gl_FragCoord.y;
  int from = int(floor((x - 0.5 - slotZeroX) / slotWidth + 0.5));
  int to = min(int(floor((x + 0.49 - slotZeroX) / slotWidth + 0.5)), from + SLOTS_MAX - 1);
  if (slotWidth >= 1.0) to = from = int(floor((x - slotZeroX) / slotWidth + 0.5));
  float price = topPrice - y * pricePerPixel;
  uvec4 code = uvec4(0u);
  bool known = false;
  bool inside = false;
  bool far = false;
  for (int slot = from; slot <= to; slot++) {
    if (slot < slotRange.x || slot > slotRange.y) continue;
    inside = true;
    vec4 meta = texelFetch(slots, ivec2(slot, 0), 0);
    if (meta.x < 0.0) continue;
    known = true;
    far = meta.w > 0.0 && abs(price / meta.w - 1.0) > REACH;
    int first = int(floor(price / meta.z)) - int(meta.y);
    int last = first;
    if (pricePerPixel > meta.z) {
      first = int(floor((price - 0.5 * pricePerPixel) / meta.z)) - int(meta.y);
      last = min(int(floor((price + 0.5 * pricePerPixel) / meta.z)) - int(meta.y), first + BUCKETS_MAX - 1);
    }
    first = max(first, 0);
    last = min(last, slotRange.z - 1);
    for (int bucket = first; bucket <= last; bucket++) {
      code = max(code, texelFetch(cells, ivec2(bucket, int(meta.x)), 0));
    }
  }
  if (!known) {
    // A time of which nothing is known is hatched: an empty map would claim that nothing was there.
    float hatch = step(0.75, fract((gl_FragCoord.x + gl_FragCoord.y) / 14.0));
    colour = inside ? vec4(0.38, 0.43, 0.52, 1.0) * 0.16 * hatch : vec4(0.0);
    return;
  }
  vec4 level = strength(code);
  vec4 mixed = vec4(0.0);
  mixed = over(mixed, texture(ramps, vec2(level.z, 0.625)), depthShare * step(0.002, level.z));
  mixed = over(mixed, texture(ramps, vec2(level.w, 0.875)), depthShare * step(0.002, level.w));
  // That far from price the forecast has no support: hatched.
  float stripe = far ? mix(0.18, 0.75, step(0.5, fract((gl_FragCoord.x - gl_FragCoord.y) / 9.0))) : 1.0;
  mixed = over(mixed, texture(ramps, vec2(level.y, 0.375)), stripe * step(0.002, level.y));
  mixed = over(mixed, texture(ramps, vec2(level.x, 0.125)), float(code.x > 0u));
  colour = mixed;
}`
