#include "store/inventory/dates.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Three numbers whose order is not known, and a time of day. */
struct numbers {
	int n[3], digits[3];
	int hour, minute, second;
};

struct date_later {
	struct numbers numbers;
	int line, field;
	size_t offset;
	const char *column, *text;
	int64_t *ret;
};

enum { FIRST_ORDER = DATE_ORDER_YMD, ORDERS = DATE_ORDER_MDY + 1 };
static const struct {
	int year, month, day; /* which of the three */
	const char *means;
} orders[ORDERS] = {
	[DATE_ORDER_YMD] = { 0, 1, 2, "year, month, day" },
	[DATE_ORDER_DMY] = { 2, 1, 0, "day, month, year" },
	[DATE_ORDER_MDY] = { 2, 0, 1, "month, day, year" },
};
const char *const date_order_names[] = { "", "ymd", "dmy", "mdy", NULL };

/* ---- the forms ---- */

static bool number(const char **p, int max, int *ret, int *ret_digits) {
	int n = 0;

	for (*ret = 0; n < max && isdigit((unsigned char)(*p)[n]); n++)
		*ret = *ret * 10 + ((*p)[n] - '0');
	*p += n;
	if (ret_digits)
		*ret_digits = n;
	return n > 0 && !isdigit((unsigned char)**p);
}

/* A blank, or one that does not break a line, as newer versions of .NET write before AM and PM. */
static size_t blank(const char *p) {
	static const char *const blanks[] = { " ", "\xc2\xa0", "\xe2\x80\xaf" };

	for (size_t i = 0; i < sizeof(blanks) / sizeof(*blanks); i++)
		if (strncmp(p, blanks[i], strlen(blanks[i])) == 0)
			return strlen(blanks[i]);
	return 0;
}

static bool skip_blanks(const char **p) {
	bool any = false;

	for (size_t n; (n = blank(*p)) > 0; any = true)
		*p += n;
	return any;
}

/* `11/1/2026`, `01.11.2026`, `2026. 11. 01.` */
static bool day(const char **p, struct numbers *ret) {
	char mark = '\0';

	for (int i = 0; i < 3; i++) {
		if (!number(p, 4, ret->n + i, ret->digits + i))
			return false;
		if (i == 2)
			break;
		if (!**p || !strchr("/.-", **p) || (mark && **p != mark))
			return false;
		mark = *(*p)++;
		skip_blanks(p);
	}
	*p += mark == '.' && **p == '.';
	return true;
}

/* After the hours, which must be those of a clock of twelve. */
static bool half_day(const char **p, struct numbers *ret) {
	static const struct {
		const char *text;
		int hours;
	} halves[] = { { "AM", 0 }, { "PM", 12 }, { "a.m.", 0 }, { "p.m.", 12 } };

	if (!skip_blanks(p) && !**p)
		return true;
	for (size_t i = 0; i < sizeof(halves) / sizeof(*halves); i++)
		if (strcasecmp(*p, halves[i].text) == 0 && ret->hour >= 1 && ret->hour <= 12) {
			ret->hour = ret->hour % 12 + halves[i].hours;
			*p += strlen(*p);
		}
	return true;
}

/* `15:05:02`, `3:05 PM`, `15.05.02` */
static bool time_of_day(const char **p, struct numbers *ret) {
	char mark;
	int digits;

	if (!number(p, 2, &ret->hour, NULL) || (**p != ':' && **p != '.'))
		return false;
	mark = *(*p)++;
	if (!number(p, 2, &ret->minute, &digits) || digits != 2)
		return false;
	if (**p == mark) {
		(*p)++;
		if (!number(p, 2, &ret->second, &digits) || digits != 2)
			return false;
	}
	return half_day(p, ret);
}

static bool parse(const char *text, struct numbers *ret) {
	const char *p = text;

	*ret = (struct numbers){ 0 };
	if (!day(&p, ret))
		return false;
	p += *p == ',';
	return skip_blanks(&p) && time_of_day(&p, ret) && !*p;
}

/* A year has two digits or four; those that have none of four must have two. */
static bool year(const struct numbers *n, int at, int *ret) {
	if (n->digits[at] == 2 && n->digits[0] <= 2 && n->digits[2] <= 2)
		*ret = 2000 + n->n[at];
	else if (n->digits[at] == 4)
		*ret = n->n[at];
	else
		return false;
	return true;
}

/* What the clock on the wall showed, if the three stand in this order. */
static bool reading(const struct numbers *n, enum date_order order, int64_t *ret) {
	int at_month = orders[order].month, at_day = orders[order].day, y;

	return n->digits[at_month] <= 2 && n->digits[at_day] <= 2 &&
	       year(n, orders[order].year, &y) &&
	       timestamp_make(y, n->n[at_month], n->n[at_day], n->hour, n->minute, n->second, ret);
}

/* The orders in which it is a date, a bit each. */
static unsigned readings(const struct numbers *n) {
	unsigned set = 0;
	int64_t t;

	for (int order = FIRST_ORDER; order < ORDERS; order++)
		if (reading(n, (enum date_order)order, &t))
			set |= 1u << order;
	return set;
}

static enum date_order first_of(unsigned set) {
	int order = FIRST_ORDER;

	while (order < ORDERS - 1 && !(set & 1u << order))
		order++;
	return (enum date_order)order;
}

/* ---- `/Date(1700000000000)/`: milliseconds since 1970; an offset after them is for show ---- */

static bool of_javascript(const char *text, int64_t *ret) {
	char *end;

	if (strncmp(text, "/Date(", 6) != 0)
		return false;
	long long ms = strtoll(text + 6, &end, 10);
	if (end == text + 6 || isspace((unsigned char)text[6]))
		return false;
	if (*end == '+' || *end == '-')
		end += 1 + strspn(end + 1, "0123456789");
	/* Years 1601 to 9999, as everywhere. */
	if (strcmp(end, ")/") != 0 || ms < -11644473600000LL || ms > 253402300799999LL)
		return false;
	*ret = ms / 1000 - (ms % 1000 < 0);
	return true;
}

/* ---- one after the other ---- */

bool dates_take(struct dates *d, const struct cell *c, const char *text, int64_t *ret) {
	struct numbers n;
	bool zoned;

	if (of_javascript(text, ret))
		return true;
	if (timestamp_parse(text, ret, &zoned)) {
		if (!zoned)
			*ret = zone_moment(&d->zone, *ret);
		return true;
	}
	if (!parse(text, &n) || !readings(&n))
		return false;
	struct arena *a = c->file->diags->arena;
	struct date_later later = { .numbers = n,
		                    .line = c->record->line,
		                    .offset = c->record->offset,
		                    .field = c->field,
		                    .column = arena_strdup(a, c->column),
		                    .text = arena_strdup(a, text),
		                    .ret = ret };
	ARENA_PUSH(a, &d->later, later);
	return true;
}

/* ---- all of them ---- */

/* The year stands first beyond doubt: this says nothing about the others. */
static bool plain(const struct date_later *l) {
	return l->numbers.digits[0] == 4;
}

static void tell_order(const struct dates *d, const struct csv_file *f, const struct date_later *l,
                       const struct date_later *settled) {
	if (d->given)
		csv_fault(f, l->line, l->offset, l->field, "date-order",
		          "%s \"%s\" is no date in the order %s (%s), which --date-order says",
		          l->column, l->text, date_order_names[d->given], orders[d->given].means);
	else
		csv_fault(f, l->line, l->offset, l->field, "date-order",
		          "%s \"%s\" is not in the order of \"%s\" %s; all dates of a file are "
		          "written in one order",
		          l->column, l->text, settled->text, csv_line(f, settled->line));
}

/* The orders that fit all dates; the first date that does not fit those before is told. */
static unsigned fitting(const struct dates *d, const struct csv_file *f) {
	unsigned set = d->given ? 1u << d->given : ~0u;
	const struct date_later *settled = NULL;
	bool told = false;

	for (size_t i = 0; i < d->later.n; i++) {
		const struct date_later *l = d->later.v + i;
		unsigned own = readings(&l->numbers);
		if (plain(l))
			continue;
		if (!(set & own)) {
			if (d->given || !told)
				tell_order(d, f, l, settled);
			told = true;
			continue;
		}
		if ((set & own) != set)
			settled = l;
		set &= own;
	}
	return told ? 0 : set;
}

static const char *day_text(struct arena *a, int64_t t) {
	char text[TIMESTAMP_TEXT];

	return arena_copy(a, timestamp_text(t, text), strlen("2026-11-01"));
}

/* Tells a date that two of the orders read differently; false where they do not. */
static bool tell_doubt(const struct csv_file *f, const struct date_later *l, unsigned set) {
	struct arena *a = f->diags->arena;
	const char *ways = "", *options = "";
	int64_t t, last = TIMESTAMP_NONE;
	size_t n = 0;

	for (int order = FIRST_ORDER; order < ORDERS; order++) {
		if (!(set & 1u << order) || !reading(&l->numbers, (enum date_order)order, &t))
			continue;
		n += t != last;
		last = t;
		ways = arena_printf(a, "%s%s%s", ways, *ways ? " or " : "", day_text(a, t));
		options = arena_printf(a, "%s%s%s", options, *options ? " or " : "",
		                       date_order_names[order]);
	}
	if (n < 2)
		return false;
	csv_fault(f, l->line, l->offset, l->field, "date-order",
	          "%s \"%s\" can be read as %s, and no other date of the file says which; "
	          "--date-order %s does",
	          l->column, l->text, ways, options);
	return true;
}

void dates_settle(struct dates *d, const struct csv_file *f) {
	unsigned set = fitting(d, f);
	bool told = !set;

	for (size_t i = 0; i < d->later.n && !told; i++)
		told = !plain(d->later.v + i) && tell_doubt(f, d->later.v + i, set);
	for (size_t i = 0; i < d->later.n && !told; i++) {
		const struct date_later *l = d->later.v + i;
		enum date_order order = plain(l) ? DATE_ORDER_YMD : first_of(set);
		int64_t wall = 0;
		(void)reading(&l->numbers, order, &wall);
		*l->ret = zone_moment(&d->zone, wall);
	}
}
