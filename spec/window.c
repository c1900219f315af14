#include "spec/window.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/timestamp.h"

static const char *const day_names[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
enum { DAYS = 7, EVERY_DAY = (1 << DAYS) - 1 };

#define FORMS                                                                                      \
	"write days and a time, such as Mon-Fri 22:00, or a date and a time, such as "             \
	"2026-12-24 00:00"

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

/* Do digits stand where the form has a 0, and its own signs elsewhere? */
static bool looks_like(const char *text, const char *form) {
	for (; *form; text++, form++)
		if (*form == '0' ? !is_digit(*text) : *text != *form)
			return false;
	return true;
}

static int number(const char *p, int digits) {
	int n = 0;

	while (digits-- > 0)
		n = n * 10 + (*p++ - '0');
	return n;
}

/* ---- the time of day, and what may not follow it ---- */

/* What stands behind the time: an end, seconds or a zone. */
static const char *behind(struct arena *a, const char *text, const char *rest) {
	int kept = (int)(rest - text);

	if (*rest == '-')
		return arena_printf(a,
		                    "says more than when it begins: write \"%.*s\", and with for "
		                    "how long; the process's time zone counts",
		                    kept, text);
	if (*rest == ':')
		return arena_printf(a, "has seconds: write \"%.*s\"", kept, text);
	return arena_printf(a,
	                    "has more behind its time: write \"%.*s\"; the process's time "
	                    "zone counts",
	                    kept, text);
}

static const char *parse_time(struct arena *a, const char *text, const char *p,
                              struct window_begin *w) {
	if (!looks_like(p, "00:00"))
		return "has no time of day such as 09:00 at its end; " FORMS;
	w->hour = number(p, 2);
	w->minute = number(p + 3, 2);
	if (w->hour > 23 || w->minute > 59)
		return arena_printf(a, "has a time that no clock shows, %.5s: write 00:00 to 23:59",
		                    p);
	return p[5] ? behind(a, text, p + 5) : NULL;
}

/* ---- days ---- */

static int day_at(const char *p) {
	for (int i = 0; i < DAYS; i++)
		if (strncasecmp(p, day_names[i], 3) == 0)
			return i;
	return -1;
}

static const char *no_day(struct arena *a, const char *p) {
	if (!*p || strchr(" ,-", *p))
		return "has a comma or a dash with no day behind it; " FORMS;
	return arena_printf(a,
	                    "has \"%.*s\" where a day stands: write Mon, Tue, Wed, Thu, Fri, "
	                    "Sat or Sun, a range such as Mon-Fri, or a list such as Mon,Wed",
	                    (int)strcspn(p, " ,-"), p);
}

/* `Mon-Fri,Sun`, up to the blank behind it. */
static const char *parse_days(struct arena *a, const char **text, struct window_begin *w) {
	const char *p = *text;

	for (;; p++) {
		int first = day_at(p), last = first;
		if (first < 0 || !strchr(" ,-", p[3]))
			return no_day(a, p);
		p += 3;
		if (*p == '-') {
			last = day_at(p + 1);
			if (last < 0 || !strchr(" ,", p[4]))
				return no_day(a, p + 1);
			p += 4;
		}
		for (int day = first;; day = (day + 1) % DAYS) {
			w->days |= 1u << day;
			if (day == last)
				break;
		}
		if (*p != ',')
			break;
	}
	*text = p;
	return NULL;
}

/* ---- dates ---- */

static const char *parse_date(struct arena *a, const char *p, struct window_begin *w) {
	int64_t ignored;

	w->year = number(p, 4);
	w->month = number(p + 5, 2);
	w->day = number(p + 8, 2);
	if (!timestamp_make(w->year, w->month, w->day, 0, 0, 0, &ignored))
		return arena_printf(a, "has a day that no calendar has, %.10s: correct it", p);
	return NULL;
}

const char *window_parse(struct arena *a, const char *text, struct window_begin *ret) {
	const char *p = text, *fault = NULL;

	*ret = (struct window_begin){ 0 };
	if (looks_like(p, "0000-00-00")) {
		fault = parse_date(a, p, ret);
		p += 10;
	} else if (looks_like(p, "00:00")) {
		ret->days = EVERY_DAY;
		return parse_time(a, text, p, ret);
	} else if (is_digit(*p)) {
		return "is no time to begin at: " FORMS;
	} else {
		fault = parse_days(a, &p, ret);
	}
	if (fault)
		return fault;
	if (*p != ' ')
		return "has no time of day such as 09:00 at its end; " FORMS;
	return parse_time(a, text, p + strspn(p, " "), ret);
}

const char *window_fault(struct arena *a, const char *text) {
	struct window_begin ignored;

	return window_parse(a, text, &ignored);
}
