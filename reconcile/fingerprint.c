/* Digests of a decision and of a wish: two that are equal decide and want the same. */
#include "reconcile/fingerprint.h"

#include <nettle/base16.h>
#include <nettle/sha2.h>
#include <string.h>

#include "base/timestamp.h"
#include "reconcile/decide.h"
#include "reconcile/digest.h"

enum { WISH = 64 };

struct digest {
	struct sha256_ctx ctx;
};

static void put_number(struct digest *g, uint64_t n) {
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(n >> (8 * i));
	sha256_update(&g->ctx, sizeof(bytes), bytes);
}

/* The length stands before every piece, so that "ab","c" and "a","bc" differ. */
static void put(struct digest *g, const void *data, size_t len) {
	put_number(g, len);
	sha256_update(&g->ctx, len, data);
}

static void put_text(struct digest *g, const char *text) {
	if (text)
		put(g, text, strlen(text));
	else
		put(g, "\xff", 1);
}

static void put_values(struct digest *g, const struct value *values, size_t n) {
	put_number(g, n);
	for (size_t i = 0; i < n; i++)
		put(g, values[i].data, values[i].len);
}

static void put_change(struct digest *g, const struct change *c) {
	put_text(g, c->store ? "store" : "directory");
	put_text(g, c->store ? c->column : attributes[c->id].name);
	put_values(g, c->before, c->n_before);
	put_values(g, c->after, c->n_after);
}

static void finish(struct digest *g, char text[static 65]) {
	uint8_t sum[SHA256_DIGEST_SIZE];

	sha256_digest(&g->ctx, sizeof(sum), sum);
	base16_encode_update(text, sizeof(sum), sum);
	text[64] = '\0';
}

void item_fingerprint(struct item *item) {
	struct digest g;

	sha256_init(&g.ctx);
	put_text(&g, action_names[item->action]);
	put(&g, item->mailbox.bytes, sizeof(item->mailbox.bytes));
	put_text(&g, item->user ? item->user->identity : NULL);
	for (size_t i = 0; i < item->changes.n; i++)
		put_change(&g, item->changes.v + i);
	for (size_t i = 0; i < item->reasons.n; i++)
		put_text(&g, item->reasons.v[i].code);
	put_text(&g, "holds");
	for (size_t i = 0; i < item->holds.n; i++)
		put_text(&g, item->holds.v[i]);
	finish(&g, item->fingerprint);
}

static void put_policies(struct digest *g, const struct connection *c, bool own) {
	for (int kind = 0; kind < POLICY_KINDS; kind++) {
		const struct policy_wish *wish = c->policies + kind;
		bool counts = !(own && wish->defaulted);
		put(g, &(uint8_t){ (uint8_t)(counts ? wish->how : UNMANAGED) }, 1);
		put_text(g, counts ? wish->text : NULL);
	}
}

static void put_addresses(struct digest *g, const struct connection *c) {
	for (const char *const *p = c->addresses; p && *p; p++)
		put_text(g, *p);
}

/* What is managed by a line of the connection itself; `database` says only where to look. */
static void own_wish(const struct connection *c, char text[static 65]) {
	struct digest g;

	sha256_init(&g.ctx);
	put_text(&g, c->type_defaulted ? NULL : recipient_type_names[c->type]);
	put_text(&g, c->alias);
	put_addresses(&g, c);
	put_policies(&g, c, true);
	put_text(&g, c->linked.master_account);
	finish(&g, text);
}

/* `allow` and `suspend` say what may be done about a wish; they are no part of it. */
const char *connection_wish(struct arena *a, const struct connection *c) {
	struct digest g;
	char text[65], own[65];

	sha256_init(&g.ctx);
	put_text(&g, c->mailbox);
	put_text(&g, c->database);
	put_text(&g, c->user);
	put_text(&g, recipient_type_names[c->type]);
	put_text(&g, c->archive ? "archive" : "primary");
	put_text(&g, c->alias);
	put_addresses(&g, c);
	put_policies(&g, c, false);
	put_text(&g, c->domain_controller);
	put_text(&g, c->linked.master_account);
	put_text(&g, c->linked.domain_controller);
	put_text(&g, c->linked.credential);
	finish(&g, text);
	own_wish(c, own);
	/* Not part of the wish, but of how it stood: what `allow` gains is told by it. */
	return arena_printf(a, "%s%s%c", text, own, c->allow & CONSENT_RECONNECT ? 'r' : '-');
}

bool wish_equal(const char *one, const char *other) {
	return strncmp(one, other, WISH) == 0;
}

bool wish_own_equal(const char *one, const char *other) {
	if (strlen(one) <= WISH || strlen(other) <= WISH)
		return wish_equal(one, other);
	return strncmp(one + WISH, other + WISH, WISH) == 0;
}

bool wish_reconnects(const char *wish, bool otherwise) {
	return strlen(wish) > 2 * WISH ? wish[2 * WISH] == 'r' : otherwise;
}

/* What would change and what it was decided from; nothing that hangs on the time of day. */
const char *plan_digest(struct arena *a, const struct plan *p) {
	struct digest g;
	char text[65], date[TIMESTAMP_TEXT];

	sha256_init(&g.ctx);
	for (size_t i = 0; i < p->n; i++) {
		const struct item *item = p->items + i;
		put_text(&g, item->connection->manifest);
		put_text(&g, item->connection->name);
		put_text(&g, item->fingerprint);
		put_text(&g, item->user ? item->user->dn : NULL);
		put_text(&g, item->database);
		put_text(&g, item->disconnected == TIMESTAMP_NONE
		                     ? NULL
		                     : timestamp_text(item->disconnected, date));
	}
	finish(&g, text);
	return arena_printf(a, "sha256:%s", text);
}

void bytes_fingerprint(const void *data, size_t len, char text[static 65]) {
	struct digest g;

	sha256_init(&g.ctx);
	sha256_update(&g.ctx, len, data);
	finish(&g, text);
}
