/*
 * Sends recorded sFlow datagrams to a UDP port of 127.0.0.1, at a steady rate, from the last processor.
 *
 *   send-datagrams FILE PORT PER_SECOND SECONDS
 *
 * FILE holds lengths (32 bits, big-endian), each with its datagram. They are numbered anew, without gaps, as if one exporter had sent them all.
 * Prints how many were sent and in which time.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_DATAGRAMS = 65536, LONGEST = 2048, BATCH = 64 };

struct datagram {
  uint32_t length;
  unsigned char bytes[LONGEST];
};

static struct datagram *datagrams;
static struct datagram batch[BATCH];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static size_t read_datagrams(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail(path);
  datagrams = calloc(MOST_DATAGRAMS, sizeof *datagrams);
  if (datagrams == NULL) fail("calloc");
  size_t count = 0;
  uint32_t length;
  while (count < MOST_DATAGRAMS && fread(&length, sizeof length, 1, file) == 1) {
    length = ntohl(length);
    if (length < 40 || length > LONGEST || fread(datagrams[count].bytes, 1, length, file) != length) {
      fprintf(stderr, "%s: a datagram of %u bytes\n", path, length);
      exit(1);
    }
    datagrams[count++].length = length;
  }
  fclose(file);
  return count;
}

/* Sequence and uptime stand behind version, address type, address and sub-agent. */
static void number_anew(struct datagram *datagram, uint32_t sequence, uint32_t uptime_ms) {
  size_t address_length = datagram->bytes[7] == 2 ? 16 : datagram->bytes[7] == 1 ? 4 : 0;
  uint32_t fields[] = {htonl(sequence), htonl(uptime_ms)};
  memcpy(datagram->bytes + 8 + address_length + 4, fields, sizeof fields);
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "expected FILE PORT PER_SECOND SECONDS\n");
    return 2;
  }
  size_t count = read_datagrams(argv[1]);
  double per_second = atof(argv[3]);
  double seconds = atof(argv[4]);
  if (count == 0 || per_second <= 0 || seconds <= 0) {
    fprintf(stderr, "nothing to send\n");
    return 2;
  }

  cpu_set_t last;
  CPU_ZERO(&last);
  CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &last);
  if (sched_setaffinity(0, sizeof last, &last) != 0) fail("sched_setaffinity");

  int sender = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (sender < 0 || connect(sender, (struct sockaddr *)&target, sizeof target) != 0) fail("connect");

  struct mmsghdr messages[BATCH] = {0};
  struct iovec parts[BATCH];
  for (int i = 0; i < BATCH; i++) {
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }

  uint64_t sent = 0, total = (uint64_t)(per_second * seconds);
  int64_t started = now_ns();
  while (sent < total) {
    int64_t elapsed = now_ns() - started;
    uint64_t due = (uint64_t)(elapsed * 1e-9 * per_second);
    if (due > total) due = total;
    if (due <= sent) {
      struct timespec pause = {.tv_nsec = 200000};
      nanosleep(&pause, NULL);
      continue;
    }
    int size = due - sent > BATCH ? BATCH : (int)(due - sent);
    for (int i = 0; i < size; i++) {
      batch[i] = datagrams[(sent + i) % count];
      number_anew(&batch[i], (uint32_t)(sent + i + 1), (uint32_t)(1000 + elapsed / 1000000));
      parts[i] = (struct iovec){batch[i].bytes, batch[i].length};
    }
    int done = sendmmsg(sender, messages, size, 0);
    if (done < 0) fail("sendmmsg");
    sent += done;
  }
  printf("{\"sent\": %llu, \"seconds\": %.3f}\n", (unsigned long long)sent, (now_ns() - started) * 1e-9);
  return 0;
}
