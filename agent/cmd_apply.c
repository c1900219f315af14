#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/choose.h"
#include "agent/command.h"
#include "agent/oneshot.h"
#include "agent/service/call.h"

/* Before the first write an interruption refuses, like a no. */
static void on_interrupt(int number) {
	static const char text[] = "\nmbxctl: interrupted; nothing was written\n";

	(void)number;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(EXIT_REFUSED);
	_exit(EXIT_REFUSED);
}

static void on_signals(void (*handler)(int)) {
	struct sigaction action = { .sa_handler = handler };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* Only `yes`, as a whole word, is one. */
static bool agreed(size_t n) {
	char line[64] = "";

	fprintf(stderr,
	        "\nThe user of a mailbox reads all mail in it. Carry out %s %zu change%s?\n"
	        "Only `yes` is taken for a yes: ",
	        n == 1 ? "this" : "these", n, n == 1 ? "" : "s");
	fflush(stderr);
	if (!fgets(line, sizeof(line), stdin)) {
		fputc('\n', stderr);
		return false;
	}
	line[strcspn(line, "\r\n")] = '\0';
	return strcmp(line, "yes") == 0;
}

static int refuse(const char *why) {
	fprintf(stderr, "mbxctl: %s; nothing was written\n", why);
	return EXIT_REFUSED;
}

static void show(struct oneshot *one, FILE *to) {
	struct buf text = { 0 };

	oneshot_text(one, false, &text);
	fputs(text.data, to);
	fflush(to);
	buf_done(&text);
}

/* The plan, and whether it may be carried out: 0, or an exit code. */
static int consent(struct oneshot *one, const struct options *o) {
	struct plan *plan = &one->pass->plan;
	bool shown = outputs_show(&one->outputs, FORMAT_TEXT);
	/* A saved plan was looked at when it was made: it is not asked about, nor shown again. */
	if (o->plan)
		return plan->over_limit ? refuse(plan->limit_text) : 0;
	size_t n = choose_items(one->pass, !o->yes || o->held, NULL, NULL);

	if (shown)
		show(one, stdout);
	if (plan->over_limit)
		return refuse(plan->limit_text);
	if (o->yes || n == 0)
		return 0;
	if (!isatty(STDIN_FILENO))
		return refuse("there is no terminal to ask at; look at the plan, then use --yes");
	/* Nobody is asked about what he did not see. */
	if (!shown)
		show(one, stderr);
	return agreed(n) ? 0 : refuse("declined");
}

static int exit_code(const struct plan *plan) {
	size_t n[OUTCOMES] = { 0 };

	for (size_t i = 0; i < plan->n; i++)
		n[plan->items[i].outcome]++;
	if (n[OUTCOME_FAILED] || n[OUTCOME_STALE] || n[OUTCOME_UNCERTAIN] ||
	    n[OUTCOME_NOT_ATTEMPTED])
		return EXIT_PARTIAL;
	if (n[OUTCOME_HELD] || plan->counts[ACTION_BLOCKED] || plan->counts[ACTION_UNKNOWN])
		return EXIT_BLOCKED;
	return EXIT_DONE;
}

int cmd_apply(const struct options *o, struct arena *a) {
	struct oneshot one = { 0 };

	on_signals(on_interrupt);
	int code =
	        oneshot_plan(&one, o, a, (struct plan_source){ .writes = true, .saved = o->plan });
	if (!code)
		code = consent(&one, o);
	if (code)
		return code;
	on_signals(SIG_IGN);
	code = oneshot_write(&one);
	/* Locked out before the run began: there is no ledger to show. */
	if (code && !one.pass->run.id)
		return code;
	if (!o->plan && outputs_show(&one.outputs, FORMAT_TEXT))
		fputc('\n', stdout);
	call_wake(session_control(&one.session));
	int reported = oneshot_report(&one, true, true);
	int outcome = exit_code(&one.pass->plan);
	return outcome == EXIT_PARTIAL ? outcome : code ? code : reported ? reported : outcome;
}
