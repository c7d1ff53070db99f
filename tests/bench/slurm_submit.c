/* Submits batch jobs to Slurm as fast as its own library can: the strongest client there is, beside ours.
 *
 *   cc slurm_submit.c -lslurm -o slurm_submit        (Debian: libslurm-dev)
 *   slurm_submit CLIENTS COUNT                       held jobs of /bin/true, by so many processes at once
 *
 * Prints one JSON object, as load_generator does. */
#include <slurm/slurm.h>
#include <slurm/slurm_errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static int submit_one(void) {
  char *environment[] = {"PATH=/bin:/usr/bin", NULL};
  job_desc_msg_t job;
  submit_response_msg_t *response = NULL;
  slurm_init_job_desc_msg(&job);
  job.name = "load";
  job.script = "#!/bin/sh\nexit 0\n";
  job.environment = environment;
  job.env_size = 1;
  job.user_id = getuid();
  job.group_id = getgid();
  job.work_dir = "/tmp";
  job.std_out = "/dev/null";
  job.std_err = "/dev/null";
  job.min_cpus = 1;
  job.num_tasks = 1;
  job.priority = 0; /* held: only the submission is measured */
  if (slurm_submit_batch_job(&job, &response) != SLURM_SUCCESS) return -1;
  slurm_free_submit_response_response_msg(response);
  return 0;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  int clients = argc == 3 ? atoi(argv[1]) : 0, count = argc == 3 ? atoi(argv[2]) : 0, i, failed = 0;
  double *latencies, start, elapsed;
  if (clients < 1 || count < 1) {
    fprintf(stderr, "usage: slurm_submit CLIENTS COUNT\n");
    return 64;
  }
  latencies = mmap(NULL, count * sizeof(double), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  slurm_init(NULL);
  start = now();
  for (i = 0; i < clients; ++i) {
    if (fork() == 0) {
      int each;
      for (each = i; each < count; each += clients) {
        double sent = now();
        if (submit_one() != 0) {
          slurm_perror("slurm_submit_batch_job");
          _exit(1);
        }
        latencies[each] = now() - sent;
      }
      _exit(0);
    }
  }
  for (i = 0; i < clients; ++i) {
    int status = 0;
    wait(&status);
    failed |= status;
  }
  elapsed = now() - start;
  if (failed) return 1;
  qsort(latencies, count, sizeof(double), compare);
  printf("{\"what\": \"slurm_submit\", \"clients\": %d, \"count\": %d, \"seconds\": %.6f, \"per_second\": %.3f, \"p50_ms\": %.4f, "
         "\"p99_ms\": %.4f, \"max_ms\": %.4f}\n",
         clients, count, elapsed, count / elapsed, 1e3 * latencies[count / 2], 1e3 * latencies[(int)(count * 0.99)],
         1e3 * latencies[count - 1]);
  return 0;
}
