/* The limit that any fan-out is measured against: an epoll loop that writes ready-made WebSocket frames to sockets and
   does nothing else. A client names its stream as GET ...?s=N; every stream sends a frame each period, all in one turn.
   raw-server STREAMS PERIOD_MS FRAME_BYTES SNAPSHOT_BYTES   prints its port */
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
#include <sys/timerfd.h>
#include <unistd.h>
#include "clock.h"

enum { EVENTS = 512, REQUEST_BYTES = 1024, HEADER_MAX = 10, CLOCK_AT = 16, KIND_AT = 1, SNAPSHOT = 1, DELTA = 2 };

struct client {
  int fd;
  int stream; /* -1 before the upgrade */
  int index;  /* place in its stream */
  uint32_t request_bytes;
  const uint8_t *unsent; /* rest of what the socket has not taken */
  uint8_t *copy;         /* the rest where it is of a delta, which changes */
  size_t unsent_bytes;
  char request[REQUEST_BYTES];
};

/* Each stream has bytes of its own, as it would: one message for all of them would stay in the cache. */
struct stream {
  struct client **clients;
  int count, room;
  uint8_t *frame, *snapshot;
};

static int epoll_fd, streams;
static struct stream *table;
static size_t frame_bytes, snapshot_bytes;

static const char switching[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/* A binary message of `payload` zeros with its kind, and its header in front. */
static uint8_t *make(size_t payload, uint8_t kind, size_t *bytes) {
  uint8_t *message = calloc(1, payload + HEADER_MAX);
  size_t head = 2;
  message[0] = 0x82;
  if (payload < 126) message[1] = (uint8_t)payload;
  else if (payload < 65536) {
    message[1] = 126;
    message[2] = (uint8_t)(payload >> 8);
    message[3] = (uint8_t)payload;
    head = 4;
  } else {
    message[1] = 127;
    for (int i = 0; i < 8; i++) message[2 + i] = (uint8_t)(payload >> (56 - 8 * i));
    head = 10;
  }
  message[head + KIND_AT] = kind;
  *bytes = head + payload;
  return message;
}

static void stamp(uint8_t *message, size_t bytes, size_t payload, double ms) {
  memcpy(message + (bytes - payload) + CLOCK_AT, &ms, sizeof ms);
}

static void watch(struct client *c, uint32_t events) {
  struct epoll_event e = { .events = events, .data.ptr = c };
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

static void drop(struct client *c) {
  if (c->stream >= 0) {
    struct stream *s = &table[c->stream];
    s->clients[c->index] = s->clients[--s->count];
    s->clients[c->index]->index = c->index;
  }
  close(c->fd);
  free(c->copy);
  free(c);
}

/* Sends, or keeps what the socket does not take. A client with something unsent gets nothing new. */
static void send_to(struct client *c, const uint8_t *bytes, size_t count, int is_kept) {
  if (c->unsent_bytes > 0) return;
  ssize_t sent = send(c->fd, bytes, count, MSG_NOSIGNAL);
  if (sent == (ssize_t)count) return;
  if (sent < 0) sent = 0;
  c->unsent_bytes = count - (size_t)sent;
  if (is_kept) c->unsent = bytes + sent;
  else {
    c->copy = realloc(c->copy, c->unsent_bytes);
    memcpy(c->copy, bytes + sent, c->unsent_bytes);
    c->unsent = c->copy;
  }
  watch(c, EPOLLIN | EPOLLOUT);
}

static void drain(struct client *c) {
  ssize_t sent = send(c->fd, c->unsent, c->unsent_bytes, MSG_NOSIGNAL);
  if (sent < 0) return;
  c->unsent += sent;
  c->unsent_bytes -= (size_t)sent;
  if (c->unsent_bytes == 0) watch(c, EPOLLIN);
}

static void upgrade(struct client *c) {
  const char *at = strstr(c->request, "?s=");
  int wanted = at == NULL ? 0 : atoi(at + 3) % streams;
  struct stream *s = &table[wanted];
  if (s->count == s->room) {
    s->room = s->room == 0 ? 16 : s->room * 2;
    s->clients = realloc(s->clients, sizeof *s->clients * (size_t)s->room);
  }
  c->stream = wanted;
  c->index = s->count;
  s->clients[s->count++] = c;
  send_to(c, (const uint8_t *)switching, sizeof switching - 1, 1);
  if (snapshot_bytes > 0) send_to(c, s->snapshot, snapshot_bytes, 1);
}

static void receive(struct client *c) {
  char rest[REQUEST_BYTES];
  char *to = c->stream < 0 ? c->request + c->request_bytes : rest;
  size_t room = c->stream < 0 ? REQUEST_BYTES - 1 - c->request_bytes : sizeof rest;
  ssize_t got = recv(c->fd, to, room, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    drop(c);
    return;
  }
  if (c->stream >= 0) return;
  c->request_bytes += (uint32_t)got;
  c->request[c->request_bytes] = 0;
  if (strstr(c->request, "\r\n\r\n") != NULL) upgrade(c);
}

static void accept_all(int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct client *c = calloc(1, sizeof *c);
    c->fd = fd;
    c->stream = -1;
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e);
  }
}

static void turn(size_t payload) {
  double ms = now_ms();
  for (struct stream *s = table; s < table + streams; s++) {
    stamp(s->frame, frame_bytes, payload, ms);
    for (int i = 0; i < s->count; i++) send_to(s->clients[i], s->frame, frame_bytes, 0);
  }
}

int main(int argc, char **argv) {
  /* Whatever ends the bench ends this too. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (argc != 5) return 2;
  streams = atoi(argv[1]);
  long period = atol(argv[2]);
  size_t payload = (size_t)atol(argv[3]), snapshot_payload = (size_t)atol(argv[4]);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  table = calloc((size_t)streams, sizeof *table);
  for (struct stream *s = table; s < table + streams; s++) {
    s->frame = make(payload, DELTA, &frame_bytes);
    if (snapshot_payload == 0) continue;
    s->snapshot = make(snapshot_payload, SNAPSHOT, &snapshot_bytes);
    stamp(s->snapshot, snapshot_bytes, snapshot_payload, now_ms());
  }
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 65535) != 0) return 1;
  getsockname(listener, (struct sockaddr *)&address, &size);
  epoll_fd = epoll_create1(0);
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct timespec every = { .tv_sec = period / 1000, .tv_nsec = period % 1000 * 1000000 };
  timerfd_settime(timer, 0, &(struct itimerspec){ .it_interval = every, .it_value = every }, NULL);
  /* Listener and timer are told from clients by the address of these. */
  int *fixed[] = { &listener, &timer };
  for (int i = 0; i < 2; i++) {
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = fixed[i] };
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, *fixed[i], &e);
  }
  printf("port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  struct epoll_event events[EVENTS];
  for (;;) {
    int count = epoll_wait(epoll_fd, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      void *of = events[i].data.ptr;
      if (of == &listener) accept_all(listener);
      else if (of == &timer) {
        uint64_t passed;
        if (read(timer, &passed, sizeof passed) == sizeof passed) turn(payload);
      } else {
        struct client *c = of;
        if ((events[i].events & EPOLLOUT) != 0 && c->unsent_bytes > 0) drain(c);
        if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) receive(c);
      }
    }
  }
}
