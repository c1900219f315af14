#include "agent/service/log.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/timestamp.h"
#include "reconcile/render.h"

enum { WAIT_MS = 1000 };

static const char *const level_names[] = { "debug", "info", "warning", "error" };

/* Set once, before there is a second thread. */
static bool as_json, with_debug;
static atomic_uint_fast64_t lines;

/* The text, or as much of it as `limit` lets through, at the end of a character. */
static const char *cut(struct arena *a, const char *text, size_t limit) {
	size_t len = strlen(text);

	if (len <= limit)
		return text;
	while (limit > 0 && ((unsigned char)text[limit] & 0xc0) == 0x80)
		limit--;
	return arena_printf(a, "%.*s... (%zu bytes more)", (int)limit, text, len - limit);
}

/* logfmt: quoted only where blanks, quotes or anything escaped would mislead a reader. */
static void put_quoted(struct arena *a, const char *text, struct buf *out) {
	struct buf escaped = { 0 };

	for (const char *p = text; *p; p++)
		if (*p == '"' || *p == '\\')
			buf_printf(&escaped, "\\%c", *p);
		else if (*p == '\n')
			buf_puts(&escaped, "\\n");
		else
			buf_putc(&escaped, *p);
	const char *line = render_line(a, escaped.data ? escaped.data : "");
	bool plain = *text && !strpbrk(text, " =") && strcmp(line, text) == 0;
	buf_printf(out, plain ? "%s" : "\"%s\"", line);
	buf_done(&escaped);
}

static bool left_out(const struct log_field *f) {
	return !f->text || (f->kind == FIELD_IS_TIME && f->number == TIMESTAMP_NONE);
}

static void put_text(struct arena *a, int64_t now, const char *level, const char *event,
                     const struct log_field *fields, size_t limit, struct buf *out) {
	char date[TIMESTAMP_TEXT];

	buf_printf(out, "%s level=%s event=%s", timestamp_text(now, date), level, event);
	for (const struct log_field *f = fields; f->key; f++) {
		if (left_out(f))
			continue;
		buf_printf(out, " %s=", f->key);
		if (f->kind == FIELD_IS_NUMBER)
			buf_printf(out, "%" PRId64, f->number);
		else if (f->kind == FIELD_IS_TIME)
			buf_puts(out, timestamp_text(f->number, date));
		else
			put_quoted(a, cut(a, f->text, limit), out);
	}
	buf_putc(out, '\n');
}

static void put_json(struct arena *a, int64_t now, const char *level, const char *event,
                     const struct log_field *fields, size_t limit, struct buf *out) {
	struct json j = { .out = out, .compact = true };
	char date[TIMESTAMP_TEXT];

	json_open(&j, '{');
	json_key(&j, "ts");
	json_text(&j, timestamp_text(now, date));
	json_key(&j, "level");
	json_text(&j, level);
	json_key(&j, "event");
	json_text(&j, event);
	for (const struct log_field *f = fields; f->key; f++) {
		if (left_out(f))
			continue;
		json_key(&j, f->key);
		if (f->kind == FIELD_IS_NUMBER)
			json_int(&j, f->number);
		else if (f->kind == FIELD_IS_TIME)
			json_text(&j, timestamp_text(f->number, date));
		else
			json_text(&j, cut(a, f->text, limit));
	}
	json_close(&j, '}');
}

void log_line(bool json, int64_t now, enum log_level level, const char *event,
              const struct log_field *fields, struct buf *out) {
	struct arena *a = arena_new();

	/* A text may become six times as long as it is; most lines are short at once. */
	for (size_t limit = LOG_LINE_MAX;; limit /= 2) {
		out->len = 0;
		(json ? put_json : put_text)(a, now, level_names[level], event, fields, limit, out);
		if (out->len <= LOG_LINE_MAX || limit == 0)
			break;
	}
	arena_free(a);
}

/* One call for a line, so that lines of several threads do not mix. */
static bool write_line(const char *bytes, size_t len) {
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };

	while (len > 0) {
		ssize_t n = write(out.fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno != EAGAIN || poll(&out, 1, WAIT_MS) != 1))
			return false;
		if (n < 0)
			continue;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

void log_open(bool json, bool debug) {
	as_json = json;
	with_debug = debug;
}

void log_event(enum log_level level, const char *event, const struct log_field *fields) {
	struct buf line = { 0 };

	if (level == LEVEL_DEBUG && !with_debug)
		return;
	log_line(as_json, (int64_t)time(NULL), level, event, fields, &line);
	if (write_line(line.data, line.len))
		lines++;
	buf_done(&line);
}

uint64_t log_lines(void) {
	return lines;
}
