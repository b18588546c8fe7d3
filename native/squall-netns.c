/*
 * A Node-API addon with one function: runNft(path, commands) runs nftables commands, one transaction, in the network namespace at
 * `path`, without starting a process.
 *
 * Every call has a thread of its own, which enters the namespace and ends there. It never comes back, so that no thread of Node can be
 * left in a wrong namespace; and it has a table of open files of its own (Linux 5.9), so that the socket that libnftables opens in the
 * namespace is never inherited by a program that Node starts meanwhile, which would keep a dead pod's namespace alive.
 *
 * A call is done when the kernel has taken the transaction. Closing the socket then takes some 10 ms more where something was deleted: the
 * kernel waits until nobody can see that any more. The thread does that when the caller has its answer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <node_api.h>

struct job {
  napi_async_work work;
  napi_deferred deferred;
  sem_t done;
  char *path;
  char *commands;
  int code;
  char *output;
  char *error;
};

/* libnftables keeps lists of its own that it does not lock. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static void fail(struct job *job, const char *what, int number) {
  job->code = 1;
  free(job->error);
  if (asprintf(&job->error, "%s: %s", what, strerror(number)) < 0) job->error = NULL;
}

static char *copy_of(const char *text) { return text == NULL ? NULL : strdup(text); }

static int is_netfilter_socket(int file) {
  int domain = 0, protocol = -1;
  socklen_t size = sizeof domain;
  if (getsockopt(file, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return 0;
  size = sizeof protocol;
  return getsockopt(file, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 && domain == AF_NETLINK && protocol == NETLINK_NETFILTER;
}

/*
 * The socket of libnftables, once more, so that the library's closing of it is not the last and takes no time; -1 without one.
 * `likely` is the number that it has, if nothing else was opened and kept before it.
 */
static int keep_socket(int likely) { return is_netfilter_socket(likely) ? fcntl(likely, F_DUPFD_CLOEXEC, 0) : -1; }

static void run_commands(struct job *job) {
  struct nft_ctx *nft;
  /* libnftables ends the whole process when it gets no socket: hence one that is only tried. */
  int likely = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  if (likely < 0) {
    fail(job, "netfilter socket", errno);
    return;
  }
  close(likely);
  nft = nft_ctx_new(NFT_CTX_DEFAULT);
  if (nft == NULL) {
    fail(job, "nft_ctx_new", ENOMEM);
    return;
  }
  keep_socket(likely);
  if (nft_ctx_buffer_output(nft) != 0 || nft_ctx_buffer_error(nft) != 0) {
    fail(job, "nft_ctx_buffer_output", ENOMEM);
  } else {
    job->code = nft_run_cmd_from_buffer(nft, job->commands) == 0 ? 0 : 1;
    job->output = copy_of(nft_ctx_get_output_buffer(nft));
    job->error = copy_of(nft_ctx_get_error_buffer(nft));
  }
  nft_ctx_free(nft);
}

static void run_inside(struct job *job) {
  int target;
  /* All but the three that programs expect to have: a copy of a pipe would keep it open for whoever reads from its other end. */
  if (close_range(3, ~0U, CLOSE_RANGE_UNSHARE) != 0) {
    fail(job, "close_range", errno);
    return;
  }
  target = open(job->path, O_RDONLY | O_CLOEXEC);
  if (target < 0) {
    fail(job, "nsenter: open", errno);
    return;
  }
  if (setns(target, CLONE_NEWNET) != 0) {
    fail(job, "nsenter: setns", errno);
  } else {
    pthread_mutex_lock(&one_at_a_time);
    run_commands(job);
    pthread_mutex_unlock(&one_at_a_time);
  }
}

/* What is still open is closed by the kernel when the thread ends. The job is the waiting thread's again once it is done. */
static void *in_thread(void *data) {
  struct job *job = data;
  run_inside(job);
  sem_post(&job->done);
  return NULL;
}

/* On a thread of Node's pool, which only waits. */
static void execute(napi_env env, void *data) {
  struct job *job = data;
  pthread_t thread;
  int number = pthread_create(&thread, NULL, in_thread, job);
  (void)env;
  if (number != 0) {
    fail(job, "pthread_create", number);
    return;
  }
  pthread_detach(thread);
  while (sem_wait(&job->done) != 0) {
  }
}

static void set_text(napi_env env, napi_value object, const char *name, const char *text) {
  napi_value value;
  const char *known = text == NULL ? "" : text;
  if (napi_create_string_utf8(env, known, NAPI_AUTO_LENGTH, &value) == napi_ok) napi_set_named_property(env, object, name, value);
}

static void free_job(struct job *job) {
  free(job->path);
  free(job->commands);
  free(job->output);
  free(job->error);
  sem_destroy(&job->done);
  free(job);
}

static void complete(napi_env env, napi_status status, void *data) {
  struct job *job = data;
  napi_value result, code;
  if (status == napi_ok && napi_create_object(env, &result) == napi_ok && napi_create_int32(env, job->code, &code) == napi_ok) {
    napi_set_named_property(env, result, "code", code);
    set_text(env, result, "output", job->output);
    set_text(env, result, "error", job->error);
    napi_resolve_deferred(env, job->deferred, result);
  }
  napi_delete_async_work(env, job->work);
  free_job(job);
}

/* NULL when `value` is no string, or has a zero in it, behind which nothing would be read. */
static char *read_text(napi_env env, napi_value value) {
  size_t length, written;
  char *text;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) return NULL;
  text = malloc(length + 1);
  if (text == NULL) return NULL;
  if (napi_get_value_string_utf8(env, value, text, length + 1, &written) == napi_ok && strlen(text) == length) return text;
  free(text);
  return NULL;
}

static napi_value run_nft(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2], promise, name;
  struct job *job = calloc(1, sizeof *job);
  if (job != NULL) sem_init(&job->done, 0, 0);
  if (job == NULL || napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) goto refused;
  if (count < 2) goto refused;
  job->path = read_text(env, arguments[0]);
  job->commands = read_text(env, arguments[1]);
  if (job->path == NULL || job->commands == NULL) goto refused;
  if (napi_create_string_utf8(env, "squall:runNft", NAPI_AUTO_LENGTH, &name) != napi_ok) goto refused;
  if (napi_create_async_work(env, NULL, name, execute, complete, job, &job->work) != napi_ok) goto refused;
  if (napi_create_promise(env, &job->deferred, &promise) != napi_ok || napi_queue_async_work(env, job->work) != napi_ok) {
    napi_delete_async_work(env, job->work);
    goto refused;
  }
  return promise;
refused:
  if (job != NULL) free_job(job);
  napi_throw_type_error(env, NULL, "runNft: expected the path of a network namespace and commands, both strings");
  return NULL;
}

NAPI_MODULE_INIT() {
  napi_value function;
  if (napi_create_function(env, "runNft", NAPI_AUTO_LENGTH, run_nft, NULL, &function) != napi_ok) return NULL;
  napi_set_named_property(env, exports, "runNft", function);
  return exports;
}
