#include "agent/saved.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "reconcile/fingerprint.h"

static void text(struct json *j, const char *key, const char *value) {
	if (!value)
		return;
	json_key(j, key);
	json_text(j, value);
}

static void policies(struct json *j, const struct connection *c) {
	json_key(j, "policies");
	json_open(j, '{');
	for (int kind = 0; kind < POLICY_KINDS; kind++) {
		const struct policy_wish *w = c->policies + kind;
		if (w->how == UNMANAGED)
			continue;
		json_key(j, policy_names[kind]);
		json_open(j, '{');
		json_key(j, "value");
		json_text(j, w->how == SET ? w->text : NULL);
		json_key(j, "defaulted");
		json_bool(j, w->defaulted);
		json_close(j, '}');
	}
	json_close(j, '}');
}

static void connection(struct json *j, const struct connection *c, const struct item *item) {
	json_open(j, '{');
	text(j, "manifest", c->manifest);
	text(j, "name", c->name);
	text(j, "file", c->at.file);
	json_key(j, "line");
	json_int(j, c->at.line);
	json_key(j, "column");
	json_int(j, c->at.column);
	text(j, "mailbox", c->mailbox);
	text(j, "database", c->database);
	text(j, "user", c->user);
	text(j, "type", c->type == TYPE_NONE ? NULL : recipient_type_names[c->type]);
	json_key(j, "typeDefaulted");
	json_bool(j, c->type_defaulted);
	json_key(j, "archive");
	json_bool(j, c->archive);
	text(j, "alias", c->alias);
	if (c->addresses) {
		json_key(j, "addresses");
		json_open(j, '[');
		for (const char *const *p = c->addresses; *p; p++)
			json_text(j, *p);
		json_close(j, ']');
	}
	policies(j, c);
	text(j, "domainController", c->domain_controller);
	text(j, "masterAccount", c->linked.master_account);
	text(j, "linkedDomainController", c->linked.domain_controller);
	text(j, "linkedCredential", c->linked.credential);
	json_key(j, "allow");
	json_int(j, c->allow);
	json_key(j, "suspended");
	json_bool(j, c->suspended);
	text(j, "suspendReason", c->suspend_reason);
	json_key(j, "leftOut");
	json_bool(j, !item);
	if (item && item_writes(item)) {
		text(j, "action", action_names[item->action]);
		text(j, "fingerprint", item->fingerprint);
	}
	json_close(j, '}');
}

/* The items are in the order of the connections, some of which are not shown. */
static const struct item *item_of(const struct plan *p, const struct connection *c, size_t *at) {
	if (*at < p->n && p->items[*at].connection == c)
		return p->items + (*at)++;
	return NULL;
}

void saved_render(const struct plan *p, const struct connections *all, int64_t undo_run,
                  struct buf *out) {
	struct json j = { .out = out, .compact = true };
	char sum[65];
	size_t at = 0;

	json_open(&j, '{');
	text(&j, "format", SAVED_FORMAT);
	text(&j, "digest", p->digest);
	json_key(&j, "undo");
	json_int(&j, undo_run);
	json_key(&j, "overLimit");
	json_bool(&j, p->over_limit);
	json_key(&j, "connections");
	json_open(&j, '[');
	for (size_t i = 0; i < all->n; i++)
		connection(&j, all->v + i, item_of(p, all->v + i, &at));
	json_close(&j, ']');
	json_close(&j, '}');
	bytes_fingerprint(out->data, out->len, sum);
	buf_printf(out, "{\"checksum\":\"sha256:%s\"}\n", sum);
}

int saved_write(const char *path, const struct buf *out, struct error *err) {
	struct arena *a = arena_new();
	const char *draft = arena_printf(a, "%s.new", path);
	int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool good = fd >= 0;

	for (size_t at = 0; good && at < out->len;) {
		ssize_t n = write(fd, out->data + at, out->len - at);
		if (n < 0 && errno == EINTR)
			continue;
		good = n > 0;
		at += good ? (size_t)n : 0;
	}
	good = good && fsync(fd) == 0;
	if (fd >= 0)
		good = close(fd) == 0 && good;
	good = good && rename(draft, path) == 0;
	int r = good ? OK : error_set(err, ERR_IO, "cannot write %s: %s", path, strerror(errno));
	if (!good)
		unlink(draft);
	arena_free(a);
	return r;
}
