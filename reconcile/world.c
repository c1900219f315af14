#include "reconcile/world.h"

#include <string.h>

#include "base/table.h"
#include "base/text.h"

const char *const mailbox_state_names[] = { "connected", "disabled", "softDeleted", NULL };

/* What the world's tables hold for a text, and the text. */
struct slot {
	union {
		const void *what;
		struct {
			const struct applied_row **v;
			size_t n, cap;
		} rows;
		struct answer answer;
	};
	char key[];
};

struct world {
	struct arena *arena;
	struct table answers[KEY_KINDS];
	struct table interned, applied, pairs, open, undone;
	const struct applied_row *applied_rows;
	struct database_row *databases;
	const struct intent_row *intents;
	size_t n_databases, n_applied, n_intents;
	struct {
		const char **v;
		size_t n, cap;
	} wanted;
	const struct rulebook *rulebook;
	const char *base;
	bool shares; /* the inventory's tables are another world's */
	/* What other directories answer. */
	const char *directory; /* of this one; NULL: the config's own */
	struct world *next, *elsewhere;
	const struct world *of; /* the config's own */
};

static struct slot *slot_of(char *key) {
	return key ? (struct slot *)(void *)(key - offsetof(struct slot, key)) : NULL;
}

static struct slot *find(const struct table *t, const char *key) {
	return slot_of(table_find(t, key));
}

/* The slot of a key, new where there was none. */
static struct slot *slot(struct arena *a, struct table *t, const char *key) {
	bool fresh;

	return slot_of(table_put(a, t, offsetof(struct slot, key), key, &fresh));
}

/* ---- keys ---- */

/* Of a list of keys: those of the config's own directory by their kind, then those of others. */
enum { INDEXES = 2 * KEY_KINDS };

void keys_init(struct keys *k, struct arena *a) {
	*k = (struct keys){ .arena = a, .index = ARENA_ARRAY(a, struct table, INDEXES) };
}

void keys_done(struct keys *k) {
	struct table *index = k->index;

	for (int i = 0; index && i < INDEXES; i++)
		table_clear(index + i);
	k->index = NULL;
}

/* What it is known by ends with its text. */
static void add(struct keys *k, struct key key, const char *known_by) {
	struct table *index = k->index;
	int which = key.directory ? KEY_KINDS + key.kind : key.kind;
	bool fresh = true;

	k->asked++;
	known_by = index ? table_put(k->arena, index + which, 0, known_by, &fresh)
	                 : arena_strdup(k->arena, known_by);
	if (!fresh)
		return;
	key.text = known_by + strlen(known_by) - strlen(key.text);
	ARENA_PUSH(k->arena, k, key);
}

void keys_add(struct keys *k, enum key_kind kind, const char *text) {
	add(k, (struct key){ kind, text, NULL }, text);
}

void keys_add_to(struct keys *k, const char *directory, enum key_kind kind, const char *text) {
	if (!directory) {
		keys_add(k, kind, text);
		return;
	}
	directory = arena_strdup(k->arena, directory);
	add(k, (struct key){ kind, text, directory },
	    arena_printf(k->arena, "%zu %s %s", strlen(directory), directory, text));
}

bool key_of_inventory(enum key_kind kind) {
	return kind == KEY_ROW_GUID || kind == KEY_ROW_NAME || kind == KEY_ROW_LEGACY_DN;
}

enum key_kind owner_key(bool archive) {
	return archive ? KEY_ARCHIVE_OWNER : KEY_OWNER;
}

bool key_of_owner(enum key_kind kind) {
	return kind == KEY_OWNER || kind == KEY_ARCHIVE_OWNER;
}

struct key key_of_identity(const char *identity) {
	struct guid guid;

	return (struct key){ .kind = guid_parse(identity, &guid) ? KEY_USER_GUID : KEY_USER_DN,
		             .text = identity };
}

/* ---- the world ---- */

struct world *world_new(struct arena *a) {
	struct world *w = ARENA_NEW(a, struct world);

	w->arena = a;
	return w;
}

void world_free(struct world *w) {
	if (!w)
		return;
	while (w->elsewhere) {
		struct world *one = w->elsewhere;
		w->elsewhere = one->next;
		world_free(one);
	}
	for (int i = 0; i < KEY_KINDS; i++)
		table_clear(w->answers + i);
	table_clear(&w->interned);
	if (w->shares)
		return;
	table_clear(&w->applied);
	table_clear(&w->pairs);
	table_clear(&w->open);
	table_clear(&w->undone);
}

static struct world *find_elsewhere(const struct world *w, const char *directory) {
	struct world *one = w->elsewhere;

	while (one && strcmp(one->directory, directory) != 0)
		one = one->next;
	return one;
}

struct world *world_elsewhere(struct world *w, const char *directory) {
	struct world *one = find_elsewhere(w, directory);

	if (one)
		return one;
	one = world_new(w->arena);
	one->directory = arena_strdup(w->arena, directory);
	one->of = w;
	one->next = w->elsewhere;
	return w->elsewhere = one;
}

struct arena *world_arena(struct world *w) {
	return w->arena;
}

static const char *pair(struct arena *a, struct guid mailbox, const char *user) {
	char text[GUID_TEXT];

	return arena_printf(a, "%s %s", guid_text(mailbox, text), user);
}

static const char *name_pair(struct arena *a, const char *manifest, const char *name) {
	return arena_printf(a, "%s\n%s", text_fold(a, manifest), text_fold(a, name));
}

void world_set_tables(struct world *w, struct database_row *databases, size_t n_databases,
                      struct applied_row *applied, size_t n_applied, struct intent_row *intents,
                      size_t n_intents) {
	w->databases = databases;
	w->n_databases = n_databases;
	w->applied_rows = applied;
	w->n_applied = n_applied;
	w->intents = intents;
	w->n_intents = n_intents;
	for (size_t i = 0; i < n_applied; i++) {
		struct applied_row *r = applied + i;
		slot(w->arena, &w->applied, name_pair(w->arena, r->manifest, r->name))->what = r;
		if (!guid_none(r->mailbox))
			ARENA_PUSH(w->arena,
			           &slot(w->arena, &w->pairs, pair(w->arena, r->mailbox, r->user))
			                    ->rows,
			           r);
	}
	for (size_t i = 0; i < n_intents; i++)
		slot(w->arena, &w->open, pair(w->arena, intents[i].mailbox, intents[i].user))
		        ->what = intents + i;
}

void world_share_tables(struct world *w, const struct world *from) {
	w->shares = true;
	w->databases = from->databases;
	w->n_databases = from->n_databases;
	w->applied_rows = from->applied_rows;
	w->n_applied = from->n_applied;
	w->intents = from->intents;
	w->n_intents = from->n_intents;
	w->applied = from->applied;
	w->pairs = from->pairs;
	w->open = from->open;
	w->undone = from->undone;
}

void world_set_undone(struct world *w, struct undone_row *undone, size_t n) {
	for (size_t i = 0; i < n; i++)
		slot(w->arena, &w->undone, pair(w->arena, undone[i].mailbox, undone[i].user))
		        ->what = undone + i;
}

static struct answer *answer(struct world *w, struct key k) {
	return &slot(w->arena, w->answers + k.kind, k.text)->answer;
}

void world_answer_rows(struct world *w, struct key k, const struct mailbox_row *const *rows,
                       size_t n) {
	*answer(w, k) = (struct answer){ .state = ANSWER_COMPLETE, .rows = rows, .n = n };
}

void world_answer_entries(struct world *w, struct key k, const struct entry *const *entries,
                          size_t n) {
	*answer(w, k) = (struct answer){ .state = ANSWER_COMPLETE, .entries = entries, .n = n };
}

void world_unknown(struct world *w, struct key k, const char *code, const char *why) {
	*answer(w, k) = (struct answer){ .state = ANSWER_UNKNOWN,
		                         .code = code,
		                         .why = arena_strdup(w->arena, why) };
}

void world_answer_part(struct world *w, struct key k, const struct entry *const *entries, size_t n,
                       const char *why) {
	world_unknown(w, k, "read-incomplete", why);
	struct answer *part = answer(w, k);
	part->in_part = true;
	part->entries = entries;
	part->n = n;
}

const struct entry *world_intern(struct world *w, const struct entry *e) {
	struct slot *s = slot(w->arena, &w->interned, e->normal);

	if (!s->what)
		s->what = e;
	return s->what;
}

void world_want(struct world *w, const char *folded) {
	for (size_t i = 0; i < w->wanted.n; i++)
		if (strcmp(w->wanted.v[i], folded) == 0)
			return;
	ARENA_PUSH(w->arena, &w->wanted, arena_strdup(w->arena, folded));
}

const char *const *world_wanted(const struct world *w, size_t *ret_n) {
	w = w->of ? w->of : w;
	*ret_n = w->wanted.n;
	return w->wanted.v;
}

void world_set_rulebook(struct world *w, const struct rulebook *r) {
	w->rulebook = r;
}

const struct rulebook *world_rulebook(const struct world *w) {
	return w->rulebook;
}

void world_set_base(struct world *w, const char *dn) {
	w->base = dn ? arena_strdup(w->arena, dn) : NULL;
}

struct answer world_ask(const struct world *w, enum key_kind kind, const char *text) {
	const struct slot *s = find(w->answers + kind, text);

	return s ? s->answer : (struct answer){ .state = ANSWER_NOT_ASKED };
}

struct answer world_ask_in(const struct world *w, const char *directory, enum key_kind kind,
                           const char *text) {
	const struct world *in = directory ? find_elsewhere(w, directory) : w;

	return in ? world_ask(in, kind, text) : (struct answer){ .state = ANSWER_NOT_ASKED };
}

const struct database_row *world_databases(const struct world *w, size_t *ret_n) {
	*ret_n = w->n_databases;
	return w->databases;
}

static const void *look(const struct table *t, const char *key) {
	const struct slot *s = find(t, key);

	return s ? s->what : NULL;
}

const struct applied_row *world_applied(const struct world *w, const char *manifest,
                                        const char *name) {
	if (!w->applied.n)
		return NULL;
	struct arena *scratch = arena_new();
	const struct applied_row *row = look(&w->applied, name_pair(scratch, manifest, name));

	arena_free(scratch);
	return row;
}

const struct applied_row *const *world_applied_pair(const struct world *w, struct guid mailbox,
                                                    const char *user, size_t *ret_n) {
	*ret_n = 0;
	if (!w->pairs.n)
		return NULL;
	struct arena *scratch = arena_new();
	const struct slot *s = find(&w->pairs, pair(scratch, mailbox, user));

	arena_free(scratch);
	*ret_n = s ? s->rows.n : 0;
	return s ? s->rows.v : NULL;
}

bool world_was_applied(const struct world *w, struct guid mailbox, const char *user) {
	size_t n;

	(void)world_applied_pair(w, mailbox, user, &n);
	return n > 0;
}

const struct intent_row *world_intents(const struct world *w, size_t *ret_n) {
	*ret_n = w->n_intents;
	return w->intents;
}

const struct intent_row *world_intent(const struct world *w, struct guid mailbox,
                                      const char *user) {
	if (!w->open.n)
		return NULL;
	struct arena *scratch = arena_new();
	const struct intent_row *row = look(&w->open, pair(scratch, mailbox, user));

	arena_free(scratch);
	return row;
}

bool world_is_open(const struct world *w, struct guid mailbox, const char *user) {
	return world_intent(w, mailbox, user) != NULL;
}

const struct undone_row *world_undone(const struct world *w, struct guid mailbox,
                                      const char *user) {
	if (!w->undone.n)
		return NULL;
	struct arena *scratch = arena_new();
	const struct undone_row *row = look(&w->undone, pair(scratch, mailbox, user));

	arena_free(scratch);
	return row;
}

const struct applied_row *world_applied_rows(const struct world *w, size_t *ret_n) {
	*ret_n = w->n_applied;
	return w->applied_rows;
}

size_t world_applied_count(const struct world *w) {
	return w->n_applied;
}

const char *world_base(const struct world *w) {
	return w->base;
}

const char *world_base_of(const struct world *w, const char *directory) {
	const struct world *in = directory ? find_elsewhere(w, directory) : w;

	return in ? in->base : NULL;
}
