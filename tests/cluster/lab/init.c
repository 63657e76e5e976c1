/*
 * PID 1 of a lab machine, the pause container and the workload: it reaps whatever is left to it and ends on SIGTERM.
 * Given "burn N" it also keeps about N thousandths of a core busy, so that there is something for metrics-server to count.
 * Given "end" it ends at once.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void end(int number) {
	(void)number;
	_exit(0);
}

static void burn(long thousandths) {
	struct timespec rest = {0, (1000 - thousandths) * 100000};
	volatile unsigned long sink = 0;
	for (;;) {
		struct timespec from, now;
		clock_gettime(CLOCK_MONOTONIC, &from);
		do {
			for (int i = 0; i < 1000; i++) sink += i;
			clock_gettime(CLOCK_MONOTONIC, &now);
		} while ((now.tv_sec - from.tv_sec) * 1000000000L + now.tv_nsec - from.tv_nsec < thousandths * 100000);
		nanosleep(&rest, NULL);
		while (waitpid(-1, NULL, WNOHANG) > 0) {}
	}
}

int main(int argc, char **argv) {
	signal(SIGTERM, end);
	signal(SIGINT, end);
	if (argc > 1 && strcmp(argv[1], "end") == 0) return 0;
	if (argc > 2 && strcmp(argv[1], "burn") == 0) burn(atol(argv[2]));
	/* Orphans come at any time: a blocked SIGCHLD stays pending, so that no death goes unnoticed. */
	sigset_t deaths;
	sigemptyset(&deaths);
	sigaddset(&deaths, SIGCHLD);
	sigprocmask(SIG_BLOCK, &deaths, NULL);
	for (;;) {
		while (waitpid(-1, NULL, WNOHANG) > 0) {}
		sigwaitinfo(&deaths, NULL);
	}
}
