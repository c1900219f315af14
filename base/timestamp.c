#include "base/timestamp.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool timestamp_make(int year, int month, int day, int hour, int minute, int second, int64_t *ret) {
	struct tm tm = { .tm_year = year - 1900,
		         .tm_mon = month - 1,
		         .tm_mday = day,
		         .tm_hour = hour,
		         .tm_min = minute,
		         .tm_sec = second };
	struct tm asked = tm;

	if (year < 1601 || year > 9999 || hour > 23 || minute > 59 || second > 60)
		return false;
	time_t t = timegm(&tm);
	/* timegm() carries a 31st of June over; such a text is a mistake. */
	if (second < 60 && (tm.tm_mday != asked.tm_mday || tm.tm_mon != asked.tm_mon))
		return false;
	*ret = (int64_t)t;
	return true;
}

static bool digits(const char **p, int n, int *ret) {
	*ret = 0;
	for (int i = 0; i < n; i++, (*p)++) {
		if (!isdigit((unsigned char)**p))
			return false;
		*ret = *ret * 10 + (**p - '0');
	}
	return true;
}

static bool literal(const char **p, const char *any) {
	if (!**p || !strchr(any, **p))
		return false;
	(*p)++;
	return true;
}

static bool zone(const char **p, int64_t *ret, bool *ret_there) {
	int hours, minutes, sign = **p == '-' ? -1 : 1;

	*ret = 0;
	*ret_there = **p != '\0';
	if (!**p || literal(p, "Zz"))
		return true;
	if (!literal(p, "+-") || !digits(p, 2, &hours) || !literal(p, ":") ||
	    !digits(p, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool timestamp_parse(const char *text, int64_t *ret, bool *ret_zoned) {
	const char *p = text;
	int year, month, day, hour, minute, second;
	int64_t t, offset;
	bool zoned;

	if (!digits(&p, 4, &year) || !literal(&p, "-") || !digits(&p, 2, &month) ||
	    !literal(&p, "-") || !digits(&p, 2, &day) || !literal(&p, "Tt ") ||
	    !digits(&p, 2, &hour) || !literal(&p, ":") || !digits(&p, 2, &minute) ||
	    !literal(&p, ":") || !digits(&p, 2, &second))
		return false;
	if (literal(&p, ".")) {
		if (!isdigit((unsigned char)*p))
			return false;
		while (isdigit((unsigned char)*p))
			p++;
	}
	if (!zone(&p, &offset, &zoned) || *p || (!zoned && !ret_zoned))
		return false;
	if (!timestamp_make(year, month, day, hour, minute, second, &t))
		return false;
	*ret = t - offset;
	if (ret_zoned)
		*ret_zoned = zoned;
	return true;
}

char *timestamp_text(int64_t t, char text[static TIMESTAMP_TEXT]) {
	time_t seconds = (time_t)t;
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(text, TIMESTAMP_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm))
		(void)snprintf(text, TIMESTAMP_TEXT, "%" PRId64, t);
	return text;
}

static const struct unit {
	char letter;
	int64_t seconds;
} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

char *duration_text(int64_t seconds, char text[static TIMESTAMP_TEXT]) {
	for (size_t i = 0; i < 4; i++) {
		int64_t n = seconds / units[i].seconds;
		if (n == 0 && i < 3)
			continue;
		int64_t rest = i < 3 ? seconds % units[i].seconds / units[i + 1].seconds : 0;
		if (rest)
			(void)snprintf(text, TIMESTAMP_TEXT, "%" PRId64 "%c %" PRId64 "%c", n,
			               units[i].letter, rest, units[i + 1].letter);
		else
			(void)snprintf(text, TIMESTAMP_TEXT, "%" PRId64 "%c", n, units[i].letter);
		break;
	}
	return text;
}

bool duration_parse(const char *text, int64_t *ret) {
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	long long n = strtoll(text, &end, 10);
	int64_t unit = *end ? 0 : 1;
	for (size_t i = 0; i < 4 && *end; i++)
		if (*end == units[i].letter && !end[1])
			unit = units[i].seconds;
	if (!unit || n > 3650LL * 86400 / unit)
		return false;
	*ret = n * unit;
	return true;
}
