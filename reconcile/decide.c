#include "reconcile/decide.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dn.h"
#include "base/text.h"
#include "reconcile/writes.h"
#include "spec/keys.h"

/* ---- asking ---- */

bool pending(const struct decision *d) {
	return d->needs->asked > d->asked;
}

/* What only the inventory knows is asked there; the configuration is the same on every server of
 * the forest, and was read with the first. */
static const char *asked_in(const struct decision *d, const char *directory, enum key_kind kind) {
	bool ours = key_of_inventory(kind) || (kind == KEY_CLASS && directory == d->server);

	return ours ? NULL : directory;
}

bool look_in(struct decision *d, const char *directory, enum key_kind kind, const char *text,
             struct answer *ret) {
	const char *in = asked_in(d, directory, kind);

	*ret = world_ask_in(d->w, in, kind, text);
	if (ret->state == ANSWER_NOT_ASKED)
		keys_add_to(d->needs, in, kind, text);
	return ret->state == ANSWER_COMPLETE;
}

/* An account forest that cannot be read is told apart from our own. */
void unread(struct decision *d, const char *directory, const struct answer *answer) {
	if (answer->state != ANSWER_UNKNOWN)
		return;
	bool failed = strcmp(answer->code, "read-failed") == 0;
	const char *code =
	        failed && directory && directory == d->forest ? "forest-unreachable" : answer->code;
	if (!has_reason(d->item, code))
		reason(d, code, "%s", answer->why);
}

bool ask_in(struct decision *d, const char *directory, enum key_kind kind, const char *text,
            struct answer *ret) {
	bool known = look_in(d, directory, kind, text, ret);

	unread(d, directory, ret);
	return known;
}

bool ask(struct decision *d, enum key_kind kind, const char *text, struct answer *ret) {
	return ask_in(d, d->server, kind, text, ret);
}

bool ask_class(struct decision *d, const char *class_name, struct answer *ret) {
	return ask(d, KEY_CLASS, text_fold(d->a, class_name), ret);
}

size_t match_objects(struct decision *d, const struct answer *objects, const char *text,
                     const struct entry **ret, size_t max) {
	struct guid guid = { 0 };
	enum object_key how = object_key_parse(text, &guid);
	const char *folded = text_fold(d->a, text);
	const char *normal = how == OBJECT_BY_DN ? dn_normal(d->a, text) : NULL;
	size_t n = 0;

	for (size_t i = 0; i < objects->n; i++) {
		const struct entry *e = objects->entries[i];
		bool hit = how == OBJECT_BY_GUID ? guid_equal(e->guid, guid)
		           : how == OBJECT_BY_DN ? strcmp(e->normal, normal) == 0
		                                 : entry_named(e, folded);
		if (hit && n < max)
			ret[n] = e;
		n += hit;
	}
	return n;
}

/* ---- notes ---- */

void asks(struct decision *d, const char *code) {
	if (d->trace)
		ARENA_PUSH(d->a, d->trace, code);
}

__attribute__((format(printf, 4, 0))) static struct note *
add_note(struct decision *d, struct notes *notes, const char *code, const char *format,
         va_list args) {
	struct note note = { .code = code, .message = arena_vprintf(d->a, format, args) };

	ARENA_PUSH(d->a, notes, note);
	return notes->v + notes->n - 1;
}

struct note *reason(struct decision *d, const char *code, const char *format, ...) {
	va_list args;

	asks(d, code);
	va_start(args, format);
	struct note *note = add_note(d, &d->item->reasons, code, format, args);
	va_end(args);
	return note;
}

bool allows(const struct decision *d, enum consent consent) {
	return d->c->allow & consent;
}

bool unless(struct decision *d, enum consent consent, const char *code, const char *format, ...) {
	bool lifted = allows(d, consent);
	va_list args;

	asks(d, code);
	va_start(args, format);
	(void)add_note(d, lifted ? &d->item->warnings : &d->item->reasons, code, format, args);
	va_end(args);
	return lifted;
}

void warning(struct decision *d, const char *code, const char *format, ...) {
	va_list args;

	va_start(args, format);
	(void)add_note(d, &d->item->warnings, code, format, args);
	va_end(args);
}

bool has_reason(const struct item *item, const char *code) {
	for (size_t i = 0; i < item->reasons.n; i++)
		if (strcmp(item->reasons.v[i].code, code) == 0)
			return true;
	return false;
}

/* The sentence goes on "a person has to agree", or says that one has. */
void hold(struct decision *d, const char *code, enum consent consent, const char *message) {
	unsigned bit = 0;

	while ((unsigned)consent != 1u << bit)
		bit++;
	if (allows(d, consent)) {
		warning(d, code, "%s; allowed by `%s`", message, consent_names[bit]);
		return;
	}
	ARENA_PUSH(d->a, &d->item->holds, code);
	warning(d, code, "%s; a person has to agree, or `allow: [%s]`", message,
	        consent_names[bit]);
}

void claim(struct decision *d, enum claim_kind kind, const char *key, const char *shown) {
	struct claim c = { kind, key, shown };

	ARENA_PUSH(d->a, &d->item->claims, c);
}

/* A text as a YAML scalar that reads back as itself. */
static const char *quoted(struct arena *a, const char *text) {
	struct buf out = { 0 };

	buf_putc(&out, '\'');
	for (const char *p = text; *p; p++) {
		if (*p == '\'')
			buf_putc(&out, '\'');
		buf_putc(&out, *p);
	}
	buf_putc(&out, '\'');
	const char *copy = arena_copy(a, out.data, out.len);
	buf_done(&out);
	return copy;
}

/* The line of a manifest that means this object and no other. */
static const char *line_for(struct arena *a, const char *key, const struct entry *e) {
	return arena_printf(a, "%s: %s", key, guid_none(e->guid) ? quoted(a, e->dn) : e->identity);
}

const char *lines_for(struct decision *d, const char *key, const struct entry *const *list,
                      size_t n) {
	struct buf out = { 0 };

	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "%s`%s` (%s)", i ? ", " : "", line_for(d->a, key, list[i]),
		           list[i]->dn);
	const char *text = arena_copy(d->a, out.data, out.len);
	buf_done(&out);
	return text;
}

void candidate_user(struct decision *d, const char *key, const struct entry *e, const char *why) {
	struct candidate c = { .user = e, .why = why, .write = line_for(d->a, key, e) };

	ARENA_PUSH(d->a, &d->item->candidates, c);
}

void candidate_row(struct decision *d, const struct mailbox_row *row, const char *why) {
	char text[GUID_TEXT];
	struct candidate c = { .row = row, .why = why };

	c.write = arena_printf(d->a, "mailbox: %s", guid_text(row->guid, text));
	ARENA_PUSH(d->a, &d->item->candidates, c);
}

/* ---- changes ---- */

static int compare_values(const void *pa, const void *pb) {
	const struct value *a = pa, *b = pb;
	int order = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static struct value *sorted(struct arena *a, const struct value *list, size_t n) {
	struct value *copy = ARENA_ARRAY(a, struct value, n + 1);

	for (size_t i = 0; i < n; i++)
		copy[i] = list[i];
	qsort(copy, n, sizeof(*copy), compare_values);
	return copy;
}

void change_back_to(struct decision *d, enum attribute id, const struct value *after, size_t n) {
	struct change c = { .id = id, .n_after = n };
	const struct value *before = entry_values(d->seen, id, &c.n_before);

	if (entry_incomplete(d->seen, id)) {
		if (!has_reason(d->item, "read-incomplete"))
			reason(d, "read-incomplete", "not all values of %s of %s could be read",
			       attributes[id].name, d->user->dn);
		return;
	}
	if (values_equal(id, before, c.n_before, after, n))
		return;
	c.before = sorted(d->a, before, c.n_before);
	c.after = sorted(d->a, after, n);
	ARENA_PUSH(d->a, &d->item->changes, c);
}

void change_to(struct decision *d, enum attribute id, const struct value *after, size_t n) {
	assert(attribute_written(id)); /* else nobody is told to allow it */
	change_back_to(d, id, after, n);
}

void change_to_text(struct decision *d, enum attribute id, const char *after) {
	struct value v = { after, after ? strlen(after) : 0 };

	change_to(d, id, &v, after ? 1 : 0);
}

void change_to_int(struct decision *d, enum attribute id, int64_t after) {
	change_to_text(d, id, arena_printf(d->a, "%" PRId64, after));
}

void change_add(struct decision *d, enum attribute id, struct value v) {
	size_t n;
	const struct value *have = entry_values(d->seen, id, &n);
	struct value *after = ARENA_ARRAY(d->a, struct value, n + 1);

	for (size_t i = 0; i < n; i++) {
		if (value_equal(id, have[i], v))
			return;
		after[i] = have[i];
	}
	after[n] = v;
	change_to(d, id, after, n + 1);
}

const struct entry *changed_user(struct decision *d) {
	return after_item(d->a, d->seen, d->item);
}

void change_store(struct decision *d, const char *column, const char *before, const char *after) {
	struct value *values = ARENA_ARRAY(d->a, struct value, 2);
	struct change c = { .store = true,
		            .column = column,
		            .before = values,
		            .after = values + 1,
		            .n_before = 1,
		            .n_after = 1 };

	values[0] = (struct value){ before, strlen(before) };
	values[1] = (struct value){ after, strlen(after) };
	ARENA_PUSH(d->a, &d->item->changes, c);
}
