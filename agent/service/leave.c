#include "agent/service/leave.h"

#include <inttypes.h>
#include <string.h>

#include "agent/service/backoff.h"
#include "base/timestamp.h"

/* Is the word one of those in a list with blanks between them? */
static bool listed(const char *list, const char *word) {
	size_t n = strlen(word);

	for (const char *p = list; *p; p += strcspn(p, " "), p += strspn(p, " "))
		if (strncmp(p, word, n) == 0 && (p[n] == ' ' || !p[n]))
			return true;
	return false;
}

/* The attributes that the item writes, of those listed; `list` NULL: all of them. */
static const char *written(struct arena *a, const struct item *item, const char *list) {
	const char *names = "";

	for (size_t i = 0; i < item->changes.n; i++) {
		const struct change *c = item->changes.v + i;
		const char *name = c->store ? "" : attributes[c->id].name;
		if (c->store || (list && !listed(list, name)))
			continue;
		names = arena_printf(a, "%s%s%s", names, *names ? " " : "", name);
	}
	return names;
}

/* One that is left because of it is not forgotten by waiting. */
static bool remembered(const struct condition_row *row, int64_t now) {
	return row->undone >= OSCILLATION_TIMES ||
	       (row->undone && now - row->undone_at <= OSCILLATION_SECONDS);
}

/* The attributes that were set back each time, this time too; "": it is another matter now. */
static const char *undone_again(struct arena *a, const struct item *item, int64_t now,
                                const struct condition_row *row) {
	if (item->cause != CAUSE_DRIFT || !remembered(row, now))
		return "";
	return written(a, item, row->undone_what);
}

void leave_count_undone(struct arena *a, const struct item *item, int64_t now,
                        struct condition_row *row) {
	const char *again = undone_again(a, item, now, row);

	/* The store's row is nobody's to set back. */
	if (item->cause == CAUSE_DRIFT && !changes_directory(item))
		return;
	if (item->cause != CAUSE_DRIFT) {
		row->undone = 0;
		row->undone_at = TIMESTAMP_NONE;
		row->undone_what = "";
		return;
	}
	row->undone = *again ? row->undone + 1 : 1;
	row->undone_what = *again ? again : written(a, item, NULL);
	row->undone_at = now;
}

void leave_count_left(const struct item *item, int64_t now, struct condition_row *row) {
	if (strcmp(row->code, LEFT_OSCILLATING) == 0) {
		row->undone = OSCILLATION_TIMES;
	} else if (item->action == ACTION_NONE && row->undone >= OSCILLATION_TIMES) {
		row->undone = OSCILLATION_TIMES - 1;
		row->undone_at = now;
	}
}

static const char *oscillating(const struct leave *l, const struct item *item,
                               const struct condition_row *row) {
	const char *what = undone_again(l->a, item, l->now, row);
	char text[TIMESTAMP_TEXT];

	if (!*what || row->undone + 1 < OSCILLATION_TIMES)
		return NULL;
	return arena_printf(
	        l->a,
	        "another writer has set %s back %d times, before this on %s: find out who "
	        "it is; `mbxctl apply` writes it once more, and an edited connection "
	        "starts anew",
	        what, OSCILLATION_TIMES, timestamp_text(row->undone_at, text));
}

/* A clock that was set back must not make it wait for ever. */
static const char *backing_off(const struct leave *l, const struct condition_row *row) {
	int64_t wait = row->next_try == TIMESTAMP_NONE ? 0 : row->next_try - l->now;
	char text[TIMESTAMP_TEXT];

	if (wait <= 0 || wait > backoff_longest(row->failures, BACKOFF_CONNECTION_MAX))
		return NULL;
	return arena_printf(l->a, "it failed %" PRId64 " time%s in a row; it is tried again at %s",
	                    row->failures, row->failures == 1 ? "" : "s",
	                    timestamp_text(row->next_try, text));
}

const char *leave_item(const struct leave *l, const struct item *item, const char **ret_code) {
	struct condition_row row =
	        memory_of(l->memory, l->a, item->connection->manifest, item->connection->name);
	const char *code = l->code, *why = l->why;

	if (!code && (why = oscillating(l, item, &row)))
		code = LEFT_OSCILLATING;
	if (!code && (why = backing_off(l, &row)))
		code = LEFT_BACKING_OFF;
	if (ret_code)
		*ret_code = code;
	return code ? why : NULL;
}
