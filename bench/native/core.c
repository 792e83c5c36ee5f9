/* The kernels of assembly/ once more in C, with the same data structures, to see what WebAssembly costs.
   Reads the workload of bench/core.ts from a file of records { u32 book, u32 asset, u32 side, u32 tick, f64 coins },
   prints one line of JSON: medians over the rounds. Built by bench/native/native.ts with gcc -O3 -march=native. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ASSETS 65
#define VENUES 5
#define BOOKS (ASSETS * VENUES)
#define WINDOW 32768
#define SLOTS 16384
#define BUCKETS 8192
#define CELLS 2048
#define TIERS 12
#define LEDGER 2802
#define ROW 2816

typedef struct { uint32_t book, asset, side, tick; double coins; } Update;
typedef struct { int32_t key, pad; double size; } Slot;
typedef struct { int32_t first, bid, ask, overflow; double tickSize, ratio; double window[WINDOW]; Slot slots[SLOTS]; } Book;
typedef struct { double now[2], integral[2], since[2]; } Pair;
typedef struct { Pair depth[2][BUCKETS / 2]; double venue[VENUES][2][BUCKETS]; double clock; } Grid;

static Book *books;
static Grid *grids;

static double nowMs(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

static int byValue(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double median(double *values, int count) {
  qsort(values, count, sizeof(double), byValue);
  return values[count / 2];
}

static int32_t home(int32_t tick) { return (int32_t)(((uint32_t)tick * 2654435769u) >> 18); }

static int32_t find(Book *b, int32_t tick) {
  int32_t slot = home(tick);
  while (b->slots[slot].key != 0) {
    if (b->slots[slot].key == tick + 1) return slot;
    slot = (slot + 1) & (SLOTS - 1);
  }
  return -1;
}

static void removeSlot(Book *b, int32_t removed) {
  int32_t hole = removed, slot = removed;
  for (;;) {
    slot = (slot + 1) & (SLOTS - 1);
    int32_t key = b->slots[slot].key;
    if (key == 0) break;
    if (((slot - home(key - 1)) & (SLOTS - 1)) < ((slot - hole) & (SLOTS - 1))) continue;
    b->slots[hole] = b->slots[slot];
    hole = slot;
  }
  b->slots[hole].key = 0;
  b->slots[hole].size = 0;
  b->overflow--;
}

static void setOverflow(Book *b, int32_t tick, double size) {
  int32_t found = find(b, tick);
  if (size == 0) {
    if (found >= 0) removeSlot(b, found);
    return;
  }
  if (found >= 0) { b->slots[found].size = size; return; }
  int32_t slot = home(tick);
  while (b->slots[slot].key != 0) slot = (slot + 1) & (SLOTS - 1);
  b->slots[slot].key = tick + 1;
  b->slots[slot].size = size;
  b->overflow++;
}

static void toGrid(Grid *g, Book *b, int venue, int32_t tick, double size, double sign) {
  int side = size > 0 ? 0 : 1;
  uint32_t bucket = (uint32_t)floor(tick * b->ratio + 1e-9);
  if (bucket >= BUCKETS) return;
  double cents = sign * nearbyint(fabs(size) * tick * b->tickSize * 100);
  Pair *p = &g->depth[side][bucket >> 1];
  int i = bucket & 1;
  p->integral[i] += p->now[i] * (g->clock - p->since[i]);
  p->since[i] = g->clock;
  p->now[i] += cents;
  g->venue[venue][side][bucket] += cents;
}

static void recentre(Book *b) {
  int32_t middle = b->bid >= 0 ? b->bid : b->ask;
  if (middle == INT32_MAX) return;
  int32_t place = middle - b->first;
  if (place >= WINDOW / 4 && place < WINDOW / 4 * 3) return;
  int32_t target = middle - WINDOW / 2 < 0 ? 0 : middle - WINDOW / 2, first = b->first;
  if (target == first) return;
  b->first = target;
  for (int32_t t = first; t < first + WINDOW; t++) {
    if ((uint32_t)(t - target) < WINDOW) continue;
    double size = b->window[t & (WINDOW - 1)];
    if (size == 0) continue;
    b->window[t & (WINDOW - 1)] = 0;
    setOverflow(b, t, size);
  }
  for (int32_t s = 0; s < SLOTS;) {
    int32_t key = b->slots[s].key;
    if (key != 0 && (uint32_t)(key - 1 - target) < WINDOW) {
      b->window[(key - 1) & (WINDOW - 1)] = b->slots[s].size;
      removeSlot(b, s);
    } else s++;
  }
}

static void set(Grid *g, Book *b, int venue, int side, int32_t tick, double coins) {
  double size = side == 0 ? coins : -coins, old;
  if ((uint32_t)(tick - b->first) < WINDOW) {
    double *at = &b->window[tick & (WINDOW - 1)];
    old = *at;
    if (size == 0 && old != 0 && (old > 0) != (side == 0)) return;
    *at = size;
  } else {
    int32_t slot = find(b, tick);
    old = slot < 0 ? 0 : b->slots[slot].size;
    if (size == 0 && old != 0 && (old > 0) != (side == 0)) return;
    if (old != size) setOverflow(b, tick, size);
  }
  if (old == size) return;
  if (old != 0) toGrid(g, b, venue, tick, old, -1);
  if (size != 0) toGrid(g, b, venue, tick, size, 1);
  if (size > 0 && tick > b->bid) b->bid = tick;
  if (size < 0 && tick < b->ask) b->ask = tick;
  if (old > 0 && !(size > 0) && tick == b->bid) {
    int32_t at = tick - 1;
    while (at >= b->first && !(b->window[at & (WINDOW - 1)] > 0)) at--;
    b->bid = at >= b->first ? at : -1;
  }
  if (old < 0 && !(size < 0) && tick == b->ask) {
    int32_t at = tick + 1;
    while (at < b->first + WINDOW && !(b->window[at & (WINDOW - 1)] < 0)) at++;
    b->ask = at < b->first + WINDOW ? at : INT32_MAX;
  }
  recentre(b);
}

/* One estimator: ledger [side][tier][bucket], the sweep, the seeding step and the map, as in docs/estimator.md. */
static float ledger[2][TIERS][ROW];
static double exposure[2][TIERS], weights[TIERS + 2], decay = 1, origin, price, steps;
static int lowBucket = -1, highBucket = -1;
static double lowOffset = 1, highOffset = 0;
static const double BW = 5e-4;

static double position(double p) { return (log(p) - origin) / BW; }

static double take(float *row, int first, int last) {
  double sum = 0;
  for (int i = first; i <= last; i++) {
    sum += row[i];
    row[i] = (float)(row[i] * .02);
  }
  return sum;
}

static void sweep(double low, double high, double close) {
  int here = (int)floor(position(price));
  double x = position(low);
  int b = (int)floor(x);
  x -= b;
  double reached = lowBucket == b ? lowOffset : 1, f = x >= reached ? 0 : (reached - x) / reached;
  if (lowBucket != b || x < reached) { lowBucket = b; lowOffset = x; }
  for (int k = 0; k < TIERS; k++) {
    float *row = ledger[0][k];
    double held = row[b];
    row[b] = (float)(held * (1 - .98 * f));
    exposure[0][k] += decay * (held * f + take(row, b + 1, here + 1));
  }
  x = position(high);
  b = (int)floor(x);
  x -= b;
  reached = highBucket == b ? highOffset : 0;
  f = x <= reached ? 0 : (x - reached) / (1 - reached);
  if (highBucket != b || x > reached) { highBucket = b; highOffset = x; }
  for (int k = 0; k < TIERS; k++) {
    float *row = ledger[1][k];
    double held = row[b];
    row[b] = (float)(held * (1 - .98 * f));
    exposure[1][k] += decay * (held * f + take(row, here - 1, b - 1));
  }
  price = close;
  if (fabs(position(price) - LEDGER / 2) > LEDGER / 8) exit(5);
}

static double fraction(double x) { return x - floor(x); }

static void turnover(double low, double high, double close, double hazard, double openInterest) {
  decay *= exp(-hazard);
  double unit = hazard * openInterest / (4 * decay);
  double lowLn = log(low), span = log(high) - lowLn, closeLn = log(close);
  for (int k = 0; k < TIERS; k++)
    for (int j = 0; j < 4; j++) {
      double i = steps * 4 + j;
      double entry = lowLn + span * fraction(i * .6180339887498949 + .37 * k);
      double d = exp(log(.002) + (k + fraction(i * .7548776662466927 + .61 * k)) * log(225.) / TIERS);
      double l = entry + log(1 - d), s = entry + log(1 + d);
      int at = (int)floor((l - origin) / BW);
      if (l < closeLn && at >= 0 && at < LEDGER) ledger[0][k][at] += (float)unit;
      at = (int)floor((s - origin) / BW);
      if (s > closeLn && at >= 0 && at < LEDGER) ledger[1][k][at] += (float)unit;
    }
  if (decay < 1e-6) {
    for (int s = 0; s < 2; s++) for (int k = 0; k < TIERS; k++) for (int i = 0; i < LEDGER; i++) ledger[s][k][i] *= (float)decay;
    decay = 1;
  }
  steps++;
}

static float raw[ROW + 16], cells[2][BUCKETS];
static const float TAPS[7] = {0.1996756275f, 0.1762131228f, 0.1211093901f, 0.0648251852f, 0.0270231576f, 0.0087731348f, 0.0022181959f};

static void map(double step) {
  int here = (int)floor(position(price));
  memset(cells, 0, sizeof cells);
  for (int side = 0; side < 2; side++) {
    int from = side == 0 ? 0 : here, to = side == 0 ? here : LEDGER - 1;
    for (int i = from; i <= to; i++) raw[i] = (float)(weights[TIERS + 1] * 1e9 * BW);
    for (int k = 0; k < TIERS; k++) {
      float w = (float)(decay * weights[k]);
      for (int i = from; i <= to; i++) raw[i] += w * ledger[side][k][i];
    }
    double ratio = exp(BW), lower = exp(origin + from * BW);
    for (int i = from; i <= to; i++) {
      float sum = TAPS[0] * raw[i];
      for (int d = 1; d <= 6; d++) {
        int l = i - d < from ? 2 * from - 1 - i + d : i - d, r = i + d > to ? 2 * to + 1 - i - d : i + d;
        sum += TAPS[d] * (raw[l] + raw[r]);
      }
      double upper = lower * ratio, a = lower / step, z = upper / step, per = sum / (z - a);
      for (int c = (int)a; c <= (int)z && c < BUCKETS; c++) {
        double overlap = fmin(z, c + 1) - fmax(a, c);
        if (overlap > 0) cells[side][c] += (float)(per * overlap);
      }
      lower = upper;
    }
  }
}

/* Reading one column: means and depth of both sides, quantised, compared with what was sent. */
static uint8_t sent[ASSETS][4][CELLS];
static uint8_t out[4 * CELLS * 4];

static size_t readColumn(int asset, int base) {
  Grid *g = &grids[asset];
  size_t bytes = 0;
  for (int layer = 0; layer < 4; layer++) {
    uint8_t codes[CELLS];
    for (int i = 0; i < CELLS; i++) {
      int bucket = base + i;
      Pair *p = &g->depth[layer & 1][bucket >> 1];
      int h = bucket & 1;
      double cents = layer < 2 ? (p->integral[h] + p->now[h] * (g->clock - p->since[h])) / 60000 : p->now[h];
      float usd = (float)(cents * .01 / 100);
      int32_t bits;
      memcpy(&bits, &usd, 4);
      float m, exponent = (float)((int32_t)((uint32_t)bits >> 23) - 127);
      int32_t mantissa = (bits & 0x7fffff) | 0x3f800000;
      memcpy(&m, &mantissa, 4);
      m -= 1;
      float l = ((((.045148506f * m - .193574322f) * m + .415604847f) * m - .709096024f) * m + 1.44191699f) * m + exponent;
      float code = floorf(l * 11.895661f + 1.5f);
      codes[i] = usd > 0 ? (code < 0 ? 0 : code > 255 ? 255 : (uint8_t)code) : 0;
    }
    int previous = -1;
    for (int i = 0; i < CELLS; i++) {
      if (codes[i] == sent[asset][layer][i]) continue;
      out[bytes++] = (uint8_t)(i - previous - 1);
      out[bytes++] = codes[i];
      previous = i;
    }
    memcpy(sent[asset][layer], codes, CELLS);
  }
  return bytes;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int rounds = atoi(argv[2]);
  FILE *file = fopen(argv[1], "rb");
  if (!file) return 3;
  fseek(file, 0, SEEK_END);
  size_t count = ftell(file) / sizeof(Update);
  rewind(file);
  Update *updates = malloc(count * sizeof(Update));
  if (fread(updates, sizeof(Update), count, file) != count) return 4;
  books = calloc(BOOKS, sizeof(Book));
  grids = calloc(ASSETS, sizeof(Grid));
  for (int b = 0; b < BOOKS; b++) { books[b].bid = -1; books[b].ask = INT32_MAX; }
  for (size_t i = 0; i < count; i++) {
    Book *b = &books[updates[i].book];
    if (b->ratio == 0) { b->tickSize = 1; b->ratio = 3333.0 / updates[i].tick; }
  }
  double *levels = malloc(rounds * sizeof(double)), *columns = malloc(rounds * sizeof(double));
  size_t hash = 0;
  for (int r = 0; r < rounds; r++) {
    double begun = nowMs();
    for (size_t i = 0; i < count; i++) {
      Update *u = &updates[i];
      set(&grids[u->asset], &books[u->book], u->book % VENUES, u->side, (int32_t)u->tick, u->coins);
    }
    levels[r] = (nowMs() - begun) * 1e6 / count;
    for (int a = 0; a < ASSETS; a++) grids[a].clock += 250;
    begun = nowMs();
    for (int a = 0; a < ASSETS; a++) hash += readColumn(a, 2304);
    columns[r] = (nowMs() - begun) * 1e3 / ASSETS;
  }
  price = 77000;
  origin = log(price) - LEDGER / 2 * BW;
  for (int k = 0; k < TIERS + 2; k++) weights[k] = 1.5e-3;
  /* Blocks of 50, as in bench/estimator.ts. */
  int n = rounds * 8;
  double *steps_ = malloc(n * sizeof(double)), *sweeps = malloc(n * sizeof(double)), *maps = malloc(rounds * 20 * sizeof(double));
  double path[51];
  path[50] = price;
  uint32_t seed = 7;
  for (int i = 0; i < n; i++) {
    path[0] = path[50];
    for (int j = 1; j <= 50; j++) {
      seed = seed * 1664525u + 1013904223u;
      path[j] = path[j - 1] * (1 + ((seed >> 8) / 16777216.0 - .5) * .002);
    }
    double begun = nowMs();
    for (int j = 1; j <= 50; j++) sweep(fmin(path[j - 1], path[j]), fmax(path[j - 1], path[j]), path[j]);
    double swept = nowMs();
    for (int j = 1; j <= 50; j++) turnover(fmin(path[j - 1], path[j]), fmax(path[j - 1], path[j]), path[j], .01, 7e9);
    sweeps[i] = (swept - begun) * 1e6 / 50;
    steps_[i] = (nowMs() - swept) * 1e6 / 50;
  }
  for (int i = 0; i < rounds * 20; i++) {
    double begun = nowMs();
    map(25);
    maps[i] = (nowMs() - begun) * 1e3;
    hash += (size_t)cells[0][3000];
  }
  printf("{\"levelNs\":%.3f,\"columnUs\":%.3f,\"sweepNs\":%.1f,\"stepNs\":%.1f,\"mapUs\":%.3f,\"hash\":%zu}\n",
         median(levels, rounds), median(columns, rounds), median(sweeps, n), median(steps_, n), median(maps, rounds * 20), hash);
  return 0;
}
