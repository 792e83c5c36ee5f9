/* Ten thousand subscribers from one core: connects, subscribes, reads frames and measures their age; nothing is kept of
   them but the clock that they carry.
   load PORT MODE SUBSCRIBERS STREAMS NAMES SLOW ACK_MS BURST READY_MS
     MODE    gateway (subscribes by name), path (the stream is in the path alone), json (as path, frames are text), socketio
     NAMES   file with a line "ASSET TIMEFRAME" for each stream
     SLOW    subscribers that stop reading after their first frame
     ACK_MS  period of acknowledgements, 0 for none
     BURST   connections opened at a time
     READY_MS what a server that cannot keep up is given for the start
   Prints "ready SECONDS BYTES FED CLOSED" when each subscriber has had a frame or the time is over; then reads lines
   "go SECONDS" and answers each with JSON. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"

enum { EVENTS = 512, READ_BYTES = 1 << 18, HEAD_BYTES = 40, CLOCK_AT = 16, SEQUENCE_AT = 8, NAME_BYTES = 32 };
enum { BUCKETS = 200000, BUCKETS_PER_MS = 10, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9 };
enum mode { GATEWAY, PATH, JSON, SOCKETIO };

struct client {
  int fd;
  uint32_t stream;
  uint8_t is_upgraded, is_fed, is_slow, opcode;
  uint8_t matched;  /* bytes of the blank line that ends the HTTP answer */
  uint8_t header_bytes, head_bytes;
  uint8_t header[10];
  uint8_t head[HEAD_BYTES]; /* start of the message at hand */
  uint64_t left;            /* of its payload */
  uint32_t sequence;
};

static enum mode mode;
static int epoll_fd, port, subscribers, opened, connecting, fed, burst;
static struct client *clients;
static char (*names)[NAME_BYTES];
static uint32_t streams, histogram[BUCKETS];
static uint64_t deliveries, bytes_read, closed;
static double age_max;

/* xorshift: the same subscribers on the same streams in every run. */
static double chance(void) {
  static uint64_t state = 88172645463325252ull;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (double)(state >> 11) / 9007199254740992.0;
}

/* Some streams have many subscribers: weight 1 / rank. */
static uint32_t zipf(void) {
  static double *sums;
  if (sums == NULL) {
    sums = malloc(sizeof *sums * streams);
    double sum = 0;
    for (uint32_t i = 0; i < streams; i++) sums[i] = sum += 1.0 / (i + 1);
  }
  double wanted = chance() * sums[streams - 1];
  uint32_t i = 0;
  while (i + 1 < streams && sums[i] < wanted) i++;
  return i;
}

static void say(struct client *c, const char *text) {
  size_t length = strlen(text);
  uint8_t message[512];
  size_t at = 2;
  message[0] = 0x81;
  if (length < 126) message[1] = (uint8_t)(0x80 | length);
  else {
    message[1] = 0x80 | 126;
    message[2] = (uint8_t)(length >> 8);
    message[3] = (uint8_t)length;
    at = 4;
  }
  memset(message + at, 0, 4); /* a mask of zeros */
  memcpy(message + at + 4, text, length);
  if (send(c->fd, message, at + 4 + length, MSG_NOSIGNAL) < 0) closed++;
}

static void open_next(void) {
  struct client *c = &clients[opened++];
  struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int on = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (c->fd < 0 || (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)) {
    perror("connect");
    exit(1);
  }
  struct epoll_event e = { .events = EPOLLIN | EPOLLOUT, .data.ptr = c };
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &e);
  connecting++;
}

static void connected(struct client *c) {
  char request[512];
  const char *path = mode == SOCKETIO ? "/socket.io/?EIO=4&transport=websocket&" : "/stream?";
  int length = snprintf(request, sizeof request,
                        "GET %s%s=%u HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                        path, "s", c->stream);
  if (send(c->fd, request, (size_t)length, MSG_NOSIGNAL) != length) closed++;
  struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

static void subscribe(struct client *c) {
  char text[128], asset[NAME_BYTES], timeframe[NAME_BYTES];
  if (sscanf(names[c->stream], "%31s %31s", asset, timeframe) != 2) exit(2);
  snprintf(text, sizeof text, "{\"op\":\"subscribe\",\"asset\":\"%s\",\"timeframe\":\"%s\"}", asset, timeframe);
  say(c, text);
}

static void acknowledge(struct client *c) {
  char text[128], asset[NAME_BYTES], timeframe[NAME_BYTES];
  if (!c->is_fed || c->is_slow || sscanf(names[c->stream], "%31s %31s", asset, timeframe) != 2) return;
  snprintf(text, sizeof text, "{\"op\":\"ack\",\"sequence\":[[\"%s\",\"%s\",%u]]}", asset, timeframe, c->sequence);
  say(c, text);
}

static void count(struct client *c, double sent_ms) {
  double age = now_ms() - sent_ms;
  int64_t bucket = (int64_t)(age * BUCKETS_PER_MS);
  histogram[bucket < 0 ? 0 : bucket >= BUCKETS ? BUCKETS - 1 : bucket]++;
  if (age > age_max) age_max = age;
  deliveries++;
  if (c->is_fed) return;
  c->is_fed = 1;
  fed++;
  if (!c->is_slow) return;
  struct epoll_event e = { .events = 0, .data.ptr = c };
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

static void message(struct client *c) {
  double sent_ms;
  if (c->opcode == BINARY && c->head_bytes >= CLOCK_AT + sizeof sent_ms) {
    memcpy(&sent_ms, c->head + CLOCK_AT, sizeof sent_ms);
    memcpy(&c->sequence, c->head + SEQUENCE_AT, sizeof c->sequence);
    count(c, sent_ms);
  } else if (c->opcode == TEXT && mode == JSON) count(c, strtod((char *)c->head + 5, NULL)); /* {"t":1700000000000.5, */
  else if (c->opcode == TEXT && mode == GATEWAY && !c->is_fed) subscribe(c);               /* the hello */
  else if (c->opcode == TEXT && mode == SOCKETIO && c->head[0] == '0') say(c, "40");
  else if (c->opcode == TEXT && mode == SOCKETIO && c->head[0] == '2') say(c, "3");
  else if (c->opcode == CLOSE) closed++;
}

/* Bytes of the header at hand that are needed, as far as they are known. */
static uint8_t header_need(const struct client *c) {
  if (c->header_bytes < 2) return 2;
  uint8_t length = c->header[1] & 127;
  return length == 126 ? 4 : length == 127 ? 10 : 2;
}

static void frames(struct client *c, const uint8_t *at, size_t bytes) {
  while (bytes > 0) {
    uint8_t need = header_need(c);
    if (c->header_bytes < need) {
      c->header[c->header_bytes++] = *at++;
      bytes--;
      if (c->header_bytes < header_need(c)) continue;
      uint8_t length = c->header[1] & 127;
      c->left = length;
      if (length >= 126) {
        c->left = 0;
        for (int i = 2; i < c->header_bytes; i++) c->left = c->left << 8 | c->header[i];
      }
      c->opcode = c->header[0] & 15;
      c->head_bytes = 0;
    }
    size_t part = bytes < c->left ? bytes : c->left;
    size_t kept = HEAD_BYTES - 1u - c->head_bytes < part ? HEAD_BYTES - 1u - c->head_bytes : part;
    memcpy(c->head + c->head_bytes, at, kept);
    c->head_bytes += (uint8_t)kept;
    c->head[c->head_bytes] = 0;
    at += part;
    bytes -= part;
    c->left -= part;
    if (c->left > 0) continue;
    c->header_bytes = 0;
    message(c);
  }
}

static void receive(struct client *c) {
  static uint8_t buffer[READ_BYTES];
  ssize_t got = recv(c->fd, buffer, sizeof buffer, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    closed++;
    close(c->fd);
    return;
  }
  bytes_read += (uint64_t)got;
  ssize_t at = 0;
  while (!c->is_upgraded && at < got) {
    c->matched = buffer[at] == "\r\n\r\n"[c->matched] ? c->matched + 1 : buffer[at] == '\r';
    at++;
    if (c->matched < 4) continue;
    c->is_upgraded = 1;
    connecting--;
    if (opened < subscribers && connecting < burst) open_next();
  }
  if (c->is_upgraded) frames(c, buffer + at, (size_t)(got - at));
}

static void poll_once(int wait_ms) {
  struct epoll_event events[EVENTS];
  int got = epoll_wait(epoll_fd, events, EVENTS, wait_ms);
  for (int i = 0; i < got; i++) {
    struct client *c = events[i].data.ptr;
    if ((events[i].events & EPOLLOUT) != 0) connected(c);
    if ((events[i].events & EPOLLIN) != 0) receive(c);
    else if ((events[i].events & (EPOLLHUP | EPOLLERR)) != 0) {
      epoll_ctl(epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
      closed++;
    }
  }
}

static double quantile(double part) {
  uint64_t wanted = (uint64_t)(part * (double)deliveries), sum = 0;
  for (int i = 0; i < BUCKETS; i++)
    if ((sum += histogram[i]) > wanted) return (i + 0.5) / BUCKETS_PER_MS;
  return age_max;
}

static void measure(double seconds, int ack_ms) {
  memset(histogram, 0, sizeof histogram);
  deliveries = bytes_read = closed = 0;
  age_max = 0;
  double begun = now_ms(), end = begun + seconds * 1000;
  double acknowledged = 0;
  for (double now = begun; now < end; now = now_ms()) {
    poll_once(ack_ms > 0 ? 1 : 20);
    /* Spread over the period, a few at a time. */
    for (double due = (now - begun) / ack_ms * subscribers; ack_ms > 0 && acknowledged < due; acknowledged++)
      acknowledge(&clients[(int)acknowledged % subscribers]);
  }
  printf("{\"seconds\":%.4f,\"deliveries\":%llu,\"bytes\":%llu,\"p50\":%.2f,\"p99\":%.2f,\"max\":%.2f,\"closed\":%llu}\n",
         (now_ms() - begun) / 1000, (unsigned long long)deliveries, (unsigned long long)bytes_read, quantile(0.5),
         quantile(0.99), age_max, (unsigned long long)closed);
  fflush(stdout);
}

int main(int argc, char **argv) {
  /* Whatever ends the bench ends this too. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (argc != 10) return 2;
  port = atoi(argv[1]);
  mode = strcmp(argv[2], "gateway") == 0 ? GATEWAY : strcmp(argv[2], "json") == 0 ? JSON : strcmp(argv[2], "socketio") == 0 ? SOCKETIO : PATH;
  subscribers = atoi(argv[3]);
  streams = (uint32_t)atoi(argv[4]);
  int slow = atoi(argv[6]), ack_ms = atoi(argv[7]);
  burst = atoi(argv[8]);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  names = calloc(streams, sizeof *names);
  FILE *list = fopen(argv[5], "r");
  if (list == NULL) return 2;
  for (uint32_t i = 0; i < streams; i++)
    if (fgets(names[i], NAME_BYTES, list) == NULL) return 2;
  fclose(list);
  epoll_fd = epoll_create1(0);
  clients = calloc((size_t)subscribers, sizeof *clients);
  for (int i = 0; i < subscribers; i++) {
    clients[i].stream = zipf();
    clients[i].is_slow = i < slow;
  }
  double begun = now_ms();
  while (opened < subscribers && opened < burst) open_next();
  double deadline = begun + atof(argv[9]);
  while (fed < subscribers && now_ms() < deadline) poll_once(100);
  printf("ready %.4f %llu %d %llu\n", (now_ms() - begun) / 1000, (unsigned long long)bytes_read, fed, (unsigned long long)closed);
  fflush(stdout);
  /* Between measurements nobody reads: a line is answered at once, and what waits is read first and not counted. */
  char line[64];
  while (fgets(line, sizeof line, stdin) != NULL) {
    double seconds;
    if (sscanf(line, "go %lf", &seconds) == 1) measure(seconds, ack_ms);
  }
  return 0;
}
