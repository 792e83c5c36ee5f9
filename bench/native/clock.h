/* Wall clock in milliseconds, as the frames carry it. */
#include <time.h>

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}
