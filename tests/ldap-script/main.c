#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/ldap-script/play.h"

static const char usage[] =
        "usage: ldap-script [OPTION...] SCRIPT\n"
        "  --set NAME=VALUE  what ${NAME} stands for\n"
        "  --cut N           close the connection after N bytes were sent in all\n"
        "  --stall N         go silent after N bytes were sent in all\n"
        "  --marks           print, at the end, after how many bytes each message ended\n"
        "  --trace           tell every message on standard error\n"
        "  --limit SECONDS   how long the script may take (10)\n"
        "  --library FOLDER  where `include` looks at last\n"
        "  --cert FILE --key FILE  for TLS, in PEM\n"
        "exit status: 0 played, 1 not met, 2 wrong script or usage, 3 --cut was not reached\n";

struct stage {
	struct show show;
	struct arena *arena;
	struct script script;
	struct settings settings;
	const char *pieces, *file, *address;
	bool marks;
	int listener, signals, came;
	size_t block;  /* the one that the next connection plays */
	long of_block; /* how many connections it has had */
	struct connection *connections;
};

enum { MOMENT = 500 }; /* milliseconds */
enum { EXIT_NOT_MET = 1, EXIT_USAGE = 2, EXIT_UNREACHED = 3 };

static bool number(const char *text, unsigned long max, unsigned long *ret) {
	char *end;

	errno = 0;
	*ret = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && errno == 0 && *ret <= max)
		return true;
	fprintf(stderr, "ldap-script: '%s' is no number up to %lu\n", text, max);
	return false;
}

static bool set(struct stage *s, char *text) {
	char *sign = strchr(text, '=');

	if (!sign)
		return false;
	*sign = '\0';
	struct setting one = { text, sign + 1 };
	ARENA_PUSH(s->arena, &s->settings, one);
	return true;
}

static bool cut(struct tally *t, const char *text, enum verb then) {
	unsigned long n;

	if (!number(text, 1UL << 40, &n))
		return false;
	t->armed = true;
	t->at = n;
	t->then = then;
	return true;
}

static bool option(struct stage *s, int c) {
	unsigned long n;

	switch (c) {
	case 's':
		return set(s, optarg);
	case 'c':
		return cut(&s->show.tally, optarg, VERB_CLOSE);
	case 'S':
		return cut(&s->show.tally, optarg, VERB_SILENT);
	case 'm':
		s->marks = true;
		return true;
	case 't':
		s->show.trace = true;
		return true;
	case 'l':
		if (!number(optarg, 3600, &n))
			return false;
		s->show.limit = (long)n;
		return true;
	case 'L':
		s->pieces = optarg;
		return true;
	case 'C':
		s->show.cert = optarg;
		return true;
	case 'K':
		s->show.key = optarg;
		return true;
	default:
		return false;
	}
}

static bool options(struct stage *s, int argc, char **argv) {
	static const struct option known[] = {
		{ "set", required_argument, NULL, 's' },
		{ "cut", required_argument, NULL, 'c' },
		{ "stall", required_argument, NULL, 'S' },
		{ "marks", no_argument, NULL, 'm' },
		{ "trace", no_argument, NULL, 't' },
		{ "limit", required_argument, NULL, 'l' },
		{ "library", required_argument, NULL, 'L' },
		{ "cert", required_argument, NULL, 'C' },
		{ "key", required_argument, NULL, 'K' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1)
		if (!option(s, c))
			return false;
	s->file = argv[optind];
	return optind == argc - 1;
}

/* A free port of the loopback; ${port} and ${address} tell it to the script. */
static bool listens(struct stage *s) {
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&at, len) < 0 ||
	    listen(s->listener, 64) < 0 ||
	    getsockname(s->listener, (struct sockaddr *)&at, &len) < 0) {
		perror("ldap-script: listen");
		return false;
	}
	struct setting port = { "port", arena_printf(s->arena, "%d", ntohs(at.sin_port)) };
	ARENA_PUSH(s->arena, &s->settings, port);
	struct setting address = { "address", arena_printf(s->arena, "127.0.0.1:%s", port.value) };
	ARENA_PUSH(s->arena, &s->settings, address);
	s->address = address.value;
	return true;
}

static bool descriptors(struct stage *s) {
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC);
	s->show.stop = eventfd(0, EFD_CLOEXEC);
	s->show.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return s->signals >= 0 && s->show.stop >= 0 && s->show.wake >= 0;
}

static const struct statement *next_block(struct stage *s) {
	const struct statements *blocks = &s->script.connections;

	while (s->block < blocks->n && blocks->v[s->block]->number == s->of_block) {
		s->block++;
		s->of_block = 0;
	}
	return s->block < blocks->n ? blocks->v[s->block] : NULL;
}

static bool was_cut(struct tally *t) {
	pthread_mutex_lock(&t->lock);
	bool struck = t->struck;
	pthread_mutex_unlock(&t->lock);
	return struck;
}

static void accepts(struct stage *s) {
	const struct statement *block = next_block(s);
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (!block) {
		close(fd);
		if (was_cut(&s->show.tally))
			return;
		fprintf(stderr, "%s: connection %d was not expected\n", s->file, s->came + 1);
		atomic_store(&s->show.failed, true);
		return;
	}
	struct connection *c = calloc(1, sizeof(*c));
	if (!c)
		abort();
	*c = (struct connection){ .show = &s->show,
		                  .block = block,
		                  .number = ++s->came,
		                  .fd = fd,
		                  .next = s->connections };
	s->of_block++;
	s->connections = c;
	if (pthread_create(&c->thread, NULL, play, c) != 0)
		abort();
}

/* Ends the threads that are done, or all; true while some are not. */
static bool reap(struct stage *s, bool all) {
	uint64_t count;

	(void)!read(s->show.wake, &count, sizeof(count));
	for (struct connection **at = &s->connections; *at;) {
		struct connection *c = *at;
		if (!all && !atomic_load(&c->ended)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		pthread_join(c->thread, NULL);
		free(c);
	}
	return s->connections != NULL;
}

static long milliseconds(void) {
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Until the script is played, somebody failed, or the time is over. After a signal those who
 * are there have a moment to hear that their client has gone.
 */
static void run(struct stage *s) {
	long end = milliseconds() + s->show.limit * 1000, left;
	bool told_to_end = false;
	struct pollfd fds[] = { { .fd = s->listener, .events = POLLIN },
		                { .fd = s->show.wake, .events = POLLIN },
		                { .fd = s->signals, .events = POLLIN } };

	while ((reap(s, false) || (!told_to_end && next_block(s))) &&
	       !atomic_load(&s->show.failed)) {
		left = end - milliseconds();
		if (left <= 0) {
			atomic_store(&s->show.late, !told_to_end);
			return;
		}
		if (poll(fds, told_to_end ? 2 : 3, (int)left) < 0)
			continue;
		if (fds[0].revents)
			accepts(s);
		if (!told_to_end && fds[2].revents) {
			told_to_end = true;
			end = milliseconds() + MOMENT;
		}
	}
}

/* Ends with all that was sent, be it in the middle of a message. */
static void print_marks(const struct tally *t) {
	printf("sent%s", t->marks.len ? t->marks.data : "");
	if (t->marked != t->sent || t->marks.len == 0)
		printf(" %zu", t->sent);
	putchar('\n');
}

/* After the show: who did not come at all? */
static int verdict(struct stage *s) {
	const struct statement *missing = next_block(s);

	if (s->marks)
		print_marks(&s->show.tally);
	if (atomic_load(&s->show.failed))
		return EXIT_NOT_MET;
	if (was_cut(&s->show.tally))
		return EXIT_SUCCESS;
	if (missing && missing->number >= 0) {
		fprintf(stderr, "%s:%d:%d: not met: connection %d never came\n", missing->file,
		        missing->line, missing->column, s->came + 1);
		return EXIT_NOT_MET;
	}
	if (!s->show.tally.armed)
		return EXIT_SUCCESS;
	fprintf(stderr, "%s: %zu bytes were sent: fewer than %zu\n", s->file, s->show.tally.sent,
	        s->show.tally.at);
	return EXIT_UNREACHED;
}

static int perform(struct stage *s) {
	uint64_t one = 1;

	printf("%s://%s\n", s->script.scheme, s->address);
	fflush(stdout);
	run(s);
	close(s->listener);
	(void)!write(s->show.stop, &one, sizeof(one));
	reap(s, true);
	return verdict(s);
}

int main(int argc, char **argv) {
	struct stage s = { .arena = arena_new(), .pieces = "." };
	int status = EXIT_USAGE;

	s.show.limit = 10;
	s.show.script = &s.script;
	pthread_mutex_init(&s.show.tally.lock, NULL);
	pthread_mutex_init(&s.show.telling, NULL);
	if (!options(&s, argc, argv))
		fputs(usage, stderr);
	else if (listens(&s) && descriptors(&s) &&
	         script_read(s.arena, s.file, s.pieces, &s.settings, &s.script))
		status = perform(&s);
	buf_done(&s.show.tally.marks);
	arena_free(s.arena);
	return status;
}
