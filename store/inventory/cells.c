#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "base/dn.h"
#include "store/inventory/columns.h"
#include "store/inventory/dates.h"

void cell_fault(const struct cell *c, const char *code, const char *format, ...) {
	struct arena *a = arena_new();
	va_list args;

	va_start(args, format);
	const char *what = arena_vprintf(a, format, args);
	va_end(args);
	csv_fault(c->file, c->record->line, c->record->offset, c->field, code, "%s \"%s\" %s",
	          c->column, c->text, what);
	arena_free(a);
}

/* Without blanks round it: what is no name is not spelt with any. */
static const char *trimmed(const struct cell *c, struct arena *a) {
	const char *from = c->text + strspn(c->text, " \t\r\n");
	size_t n = strlen(from);

	while (n && isspace((unsigned char)from[n - 1]))
		n--;
	return from[n] ? arena_copy(a, from, n) : from;
}

bool take_text(const struct cell *c, struct arena *a, void *ret) {
	*(const char **)ret = arena_strdup(a, c->text);
	return true;
}

bool take_guid(const struct cell *c, struct arena *a, void *ret) {
	if (guid_parse(trimmed(c, a), ret))
		return true;
	cell_fault(c, "guid-invalid", "is no GUID such as 6e7d3f0a-1b2c-4d5e-8f90-a1b2c3d4e5f6");
	return false;
}

bool take_date(const struct cell *c, struct arena *a, void *ret) {
	if (dates_take(c->file->dates, c, trimmed(c, a), ret))
		return true;
	cell_fault(c, "date-invalid",
	           "is no date in a form that is read, such as 2026-11-01T12:00:00Z, 2026-11-01 "
	           "12:00:00, 11/1/2026 3:05:02 PM or 01.11.2026 15:05:02; "
	           "$date.ToUniversalTime().ToString('u') writes one");
	return false;
}

bool take_bool(const struct cell *c, struct arena *a, void *ret) {
	const char *text = trimmed(c, a);
	bool yes = strcasecmp(text, "True") == 0;

	if (!yes && strcasecmp(text, "False") != 0) {
		cell_fault(c, "boolean-invalid", "is neither True nor False");
		return false;
	}
	*(bool *)ret = yes;
	return true;
}

/* False where it does not fit. */
static bool add_digit(int64_t *n, char digit) {
	return !__builtin_mul_overflow(*n, 10, n) && !__builtin_add_overflow(*n, digit - '0', n);
}

static bool whole_number(const char *text, int64_t *ret) {
	int64_t n = 0;

	for (const char *p = text; *p; p++)
		if (!isdigit((unsigned char)*p) || !add_digit(&n, *p))
			return false;
	*ret = n;
	return *text != '\0';
}

bool take_count(const struct cell *c, struct arena *a, void *ret) {
	if (whole_number(trimmed(c, a), ret))
		return true;
	cell_fault(c, "number-invalid", "is no whole number");
	return false;
}

/* `1.2 GB (1,288,490,188 bytes)`; what groups the digits depends on the server's language. */
static bool bracketed(const char *text, int64_t *ret) {
	const char *p = strchr(text, '(');
	int64_t n = 0;
	bool any = false;

	if (!p || !strchr(p, ')'))
		return false;
	for (p++; *p != ')' && !isalpha((unsigned char)*p); p++) {
		if (!isdigit((unsigned char)*p))
			continue;
		if (!add_digit(&n, *p))
			return false;
		any = true;
	}
	*ret = n;
	return any;
}

bool take_size(const struct cell *c, struct arena *a, void *ret) {
	const char *text = trimmed(c, a);

	if (whole_number(text, ret) || bracketed(text, ret))
		return true;
	cell_fault(c, "size-invalid", "is no size such as 1.2 GB (1,288,490,188 bytes)");
	return false;
}

static bool pair(const char **p, int below, int64_t *ret) {
	if (!isdigit((unsigned char)(*p)[0]) || !isdigit((unsigned char)(*p)[1]))
		return false;
	*ret = ((*p)[0] - '0') * 10 + ((*p)[1] - '0');
	*p += 2;
	return *ret < below;
}

/* [d.]hh:mm:ss[.fffffff], as .NET writes a TimeSpan. */
static bool time_span(struct arena *a, const char *text, int64_t *ret) {
	const char *dot = strchr(text, '.'), *colon = strchr(text, ':'), *p = text;
	int64_t days = 0, hours, minutes, seconds;

	if (dot && colon && dot < colon) {
		if (!whole_number(arena_copy(a, text, (size_t)(dot - text)), &days) || days > 24855)
			return false;
		p = dot + 1;
	}
	if (!pair(&p, 24, &hours) || *p++ != ':' || !pair(&p, 60, &minutes) || *p++ != ':' ||
	    !pair(&p, 60, &seconds))
		return false;
	if (*p == '.' && isdigit((unsigned char)p[1]))
		for (p++; isdigit((unsigned char)*p);)
			p++;
	*ret = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
	return *p == '\0';
}

bool take_retention(const struct cell *c, struct arena *a, void *ret) {
	if (time_span(a, trimmed(c, a), ret))
		return true;
	cell_fault(c, "retention-invalid", "is no length of time such as 30.00:00:00 (30 days)");
	return false;
}

bool take_dn(const struct cell *c, struct arena *a, void *ret) {
	if (!dn_normal(a, c->text)) {
		cell_fault(c, "dn-invalid", "is no distinguished name");
		return false;
	}
	return take_text(c, a, ret);
}

/* ConvertTo-Json writes the number of an enumeration's value, which differs between versions. */
static bool fault_of_number(const struct cell *c, struct arena *a, const char *code) {
	int64_t n;

	if (!whole_number(trimmed(c, a), &n))
		return false;
	cell_fault(c, code,
	           "is a number where the name is needed; Export-Csv writes names, and so does "
	           "ConvertTo-Json -EnumsAsStrings");
	return true;
}

bool take_type_detail(const struct cell *c, struct arena *a, void *ret) {
	return !fault_of_number(c, a, "type-detail-invalid") && take_text(c, a, ret);
}

bool take_reason(const struct cell *c, struct arena *a, void *ret) {
	static const struct {
		const char *name;
		enum disconnect_reason reason;
	} reasons[] = { { "Disabled", REASON_DISABLED }, { "SoftDeleted", REASON_SOFT_DELETED } };
	const char *text = trimmed(c, a);

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (strcasecmp(text, reasons[i].name) == 0) {
			*(enum disconnect_reason *)ret = reasons[i].reason;
			return true;
		}
	if (fault_of_number(c, a, "reason-invalid"))
		return false;
	cell_fault(c, "reason-invalid", "is neither Disabled nor SoftDeleted, nor empty");
	return false;
}
