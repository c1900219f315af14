#include "store/inventory/zone.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"

static bool is_utc(const char *name) {
	return strcmp(name, "UTC") == 0 || strcmp(name, "Etc/UTC") == 0 || strcmp(name, "Z") == 0;
}

/* Names alone: no paths, no POSIX rules, no zones that count leap seconds. */
static bool is_name(const char *name) {
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("/_-+", *p))
			return false;
	return isalpha((unsigned char)*name) && strncmp(name, "right/", 6) != 0;
}

/* libc takes an unknown zone for UTC without a word: look for its file. */
static bool has_file(const char *name) {
	const char *folder = getenv("TZDIR");
	struct arena *a = arena_new();
	char magic[4] = "";
	FILE *file = fopen(
	        arena_printf(a, "%s/%s", folder && *folder ? folder : "/usr/share/zoneinfo", name),
	        "rb");
	bool there = file && fread(magic, sizeof(magic), 1, file) == 1 &&
	             memcmp(magic, "TZif", sizeof(magic)) == 0;

	if (file)
		(void)fclose(file);
	arena_free(a);
	return there;
}

bool zone_is_known(const char *name) {
	return is_utc(name) || (is_name(name) && has_file(name));
}

static void set_zone(const char *value) {
	if ((value ? setenv("TZ", value, 1) : unsetenv("TZ")) != 0)
		abort();
	tzset();
}

bool zone_enter(struct zone *z, const char *name) {
	const char *before = getenv("TZ");

	*z = (struct zone){ 0 };
	if (!name || is_utc(name))
		return true;
	if (!zone_is_known(name))
		return false;
	if (before && !(z->before = strdup(before)))
		abort();
	z->entered = true;
	set_zone(name);
	return true;
}

void zone_leave(struct zone *z) {
	if (z->entered)
		set_zone(z->before);
	free(z->before);
	*z = (struct zone){ 0 };
}

/* Seconds that the zone's clock is ahead of UTC's at a moment. */
static int64_t ahead(int64_t moment) {
	time_t t = (time_t)moment;
	struct tm tm;

	return localtime_r(&t, &tm) ? (int64_t)tm.tm_gmtoff : 0;
}

int64_t zone_moment(const struct zone *z, int64_t wall) {
	enum { DAY = 86400 };

	if (!z->entered)
		return wall;
	/* mktime() leaves open which of two it gives. The clock changes once in these two days. */
	int64_t before = wall - ahead(wall - DAY), after = wall - ahead(wall + DAY);
	bool is_before = before + ahead(before) == wall, is_after = after + ahead(after) == wall;

	if (is_before && is_after)
		return before < after ? before : after;
	return is_after ? after : before;
}
