/* kill_loop.c - start, write, kill -9, start again, look: nothing acknowledged is lost, nothing is half done.
 *
 *     kill_loop [ROUNDS [DIRECTORY]]      10 rounds and a directory below /tmp unless said otherwise
 *
 * Each round a process opens the storage and four of its threads commit transactions over several shards, among them large ones and prepared ones,
 * with checkpoints and log cuts going on all the time; after some 50 to 500 ms it is killed.  What it had acknowledged is in shared
 * memory.  Every third round the next start is killed too, while it recovers. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/shard/workload.h"

#define STEPS_MAX 100000000

static char data_dir[300];
static struct workload_notes *notes;

static void die(const char *what, const struct err *err)
{
    fprintf(stderr, "kill_loop: %s: %s (%s)\nthe data is in %s\n", what, err->message,
            err->sqlstate, data_dir);
    exit(1);
}

static struct storage *open_or_die(struct arena *arena)
{
    struct err err = ERR_IN(arena);
    struct storage_options options = workload_options(data_dir, NULL);
    struct storage *storage = storage_open(&options, &err);
    if (!storage || (!storage_database(storage, "shop") && !workload_create(storage, &err)))
        die("opening", &err);
    return storage;
}

static void write_for_ever(void)
{
    struct arena *arena = arena_new("child");
    struct storage *storage = open_or_die(arena);
    workload_run(storage, notes, WORKLOAD_WORKERS, 0, STEPS_MAX);
    fprintf(stderr, "kill_loop: a commit failed\n");
    _exit(1);
}

static void killed_after(useconds_t us)
{
    pid_t pid = fork();
    if (pid == 0)
        write_for_ever();
    usleep(us);
    kill(pid, SIGKILL);
    int status;
    if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
        fprintf(stderr, "kill_loop: the process ended by itself (status %x)\n", status);
        exit(1);
    }
}

static uint32_t check_round(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct arena *arena = arena_new("check");
        struct err err = ERR_IN(arena);
        uint32_t last = 0;
        struct storage *storage = open_or_die(arena);
        for (uint32_t k = 0; k < WORKLOAD_WORKERS; k++)
            last = MAX(last, notes->acked[k]);
        if (!workload_check(storage, notes, WORKLOAD_WORKERS, last + 2, false, &err))
            die("checking", &err);
        storage_close(storage);
        _exit(0);
    }
    int status;
    uint32_t total = 0;
    if (waitpid(pid, &status, 0) != pid || status != 0)
        exit(1);
    for (uint32_t k = 0; k < WORKLOAD_WORKERS; k++)
        total += notes->acked[k];
    return total;
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 10;
    char made[] = "/tmp/shardlite-kill-XXXXXX";
    const char *dir = argc > 2 ? argv[2] : mkdtemp(made);
    snprintf(data_dir, sizeof(data_dir), "%s/data", dir ? dir : ".");
    notes = workload_notes_new();
    srandom((unsigned)time(NULL));
    uint32_t total = 0;
    for (int round = 1; round <= rounds; round++) {
        killed_after((useconds_t)(50000 + random() % 450000));
        if (round % 3 == 0)
            killed_after((useconds_t)(random() % 60000));
        total = check_round();
    }
    printf("kill_loop: %d rounds, %u acknowledged transactions, all whole\n", rounds, total);
    char command[400];
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    return argc > 2 ? 0 : system(command) != 0;
}
