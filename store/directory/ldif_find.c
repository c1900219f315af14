#include "store/directory/ldif_find.h"

#include <string.h>

#include "base/hash.h"
#include "base/sid.h"
#include "base/text.h"
#include "store/directory/ldif_index.h"
#include "store/directory/ldif_world.h"

/* What of a value is compared with the key. */
enum form {
	FORM_FOLDED, /* all of it, folded */
	FORM_EXACT,  /* its bytes */
	FORM_MAIL,   /* folded, behind `smtp:` */
	FORM_X500    /* folded, what stands behind `x500:` */
};

/* Where a kind of key is sought. Those sought by DN or identity are not in the table. */
static const struct look {
	enum key_kind kind;
	int id;
	enum form form;
} looks[] = {
	{ KEY_USER_UPN, ATTR_USER_PRINCIPAL_NAME, FORM_FOLDED },
	{ KEY_USER_SAM, ATTR_SAM_ACCOUNT_NAME, FORM_FOLDED },
	{ KEY_USER_LEGACY_DN, ATTR_LEGACY_EXCHANGE_DN, FORM_FOLDED },
	{ KEY_USER_DISPLAY_NAME, ATTR_DISPLAY_NAME, FORM_FOLDED },
	{ KEY_OWNER, ATTR_MAILBOX_GUID, FORM_EXACT },
	{ KEY_OWNER, ATTR_ARCHIVE_GUID, FORM_EXACT },
	{ KEY_OWNER, ATTR_DISABLED_ARCHIVE_GUID, FORM_EXACT },
	{ KEY_ARCHIVE_OWNER, ATTR_MAILBOX_GUID, FORM_EXACT },
	{ KEY_ARCHIVE_OWNER, ATTR_ARCHIVE_GUID, FORM_EXACT },
	{ KEY_ARCHIVE_OWNER, ATTR_DISABLED_ARCHIVE_GUID, FORM_EXACT },
	{ KEY_HOLDER_ALIAS, ATTR_MAIL_NICKNAME, FORM_FOLDED },
	{ KEY_HOLDER_ADDRESS, ATTR_PROXY_ADDRESSES, FORM_FOLDED },
	{ KEY_HOLDER_ADDRESS, ATTR_MAIL, FORM_MAIL },
	{ KEY_HOLDER_LEGACY_DN, ATTR_LEGACY_EXCHANGE_DN, FORM_FOLDED },
	{ KEY_HOLDER_LEGACY_DN, ATTR_PROXY_ADDRESSES, FORM_X500 },
	{ KEY_HOLDER_SID, ATTR_OBJECT_SID, FORM_EXACT },
	{ KEY_HOLDER_SID, ATTR_SID_HISTORY, FORM_EXACT },
	{ KEY_HOLDER_SID, ATTR_MASTER_ACCOUNT_SID, FORM_EXACT },
	{ KEY_TYPE_DETAILS, ATTR_RECIPIENT_TYPE_DETAILS, FORM_EXACT },
	{ KEY_CLASS, LDIF_CLASS, FORM_FOLDED },
};
enum { LOOKS = sizeof(looks) / sizeof(*looks), FIELDS = LDIF_CLASS + 1 };
_Static_assert(LOOKS <= 32, "a bit for each row");
_Static_assert(KEY_KINDS == 18, "a kind without its row would be answered with nobody");

struct wanted {
	struct key key;
	const void *sought; /* the bytes that are compared */
	size_t len;
	struct {
		const struct entry **v;
		size_t n, cap;
	} hits;
	size_t partial;      /* of the hits, those where more values of this kind may stand */
	struct wanted *twin; /* another text for the same thing */
	UT_hash_handle hh;
};

struct sweep {
	const struct ldif_snapshot *s;
	const char *base; /* of people; NULL: everywhere */
	struct world *w;
	struct arena *keep; /* the wanted */
	struct arena *fold; /* of one entry */
	struct wanted *wanted[KEY_KINDS];
	uint32_t looks_of[FIELDS]; /* bits: the rows of the table that somebody wants */
	struct {
		size_t n;         /* entries in which a value of this kind may hide */
		const char *dn;   /* of the first */
		const char *name; /* and which attribute */
	} partial[KEY_KINDS];
	/* of the entry at hand: */
	const struct ldif_record *record;
	const struct entry *entry; /* once it is in the world */
	bool asked[KEY_KINDS], missing[KEY_KINDS];
};

static bool of_people(enum key_kind kind) {
	return kind >= KEY_USER_GUID && kind <= KEY_USER_DISPLAY_NAME;
}

/* ---- the keys ------------------------------------------------------------------------------- */

static bool of_guid(enum key_kind kind) {
	return key_of_owner(kind) || kind == KEY_USER_GUID;
}

/* The bytes that are compared with the values; false: there can be none. */
static bool seek(struct arena *a, struct wanted *w) {
	const char *text = w->key.text;
	struct guid g;

	w->sought = text;
	w->len = strlen(text);
	if (of_guid(w->key.kind)) {
		w->len = sizeof(g.bytes);
		w->sought = guid_parse(text, &g) ? arena_copy(a, g.bytes, w->len) : NULL;
	} else if (w->key.kind == KEY_HOLDER_SID)
		w->sought = sid_parse(a, text, &w->len);
	return w->sought != NULL;
}

static void want(struct sweep *s, struct key key) {
	struct wanted *w = ARENA_NEW(s->keep, struct wanted), *first;

	w->key = key;
	/* What is no GUID, or no SID, has nobody. */
	if (!seek(s->keep, w)) {
		world_answer_entries(s->w, key, NULL, 0);
		return;
	}
	HASH_FIND(hh, s->wanted[key.kind], w->sought, w->len, first);
	if (first) {
		w->twin = first->twin;
		first->twin = w;
		return;
	}
	HASH_ADD_KEYPTR(hh, s->wanted[key.kind], w->sought, w->len, w);
}

static void want_all(struct sweep *s, const struct keys *keys) {
	for (size_t i = 0; i < keys->n; i++)
		if (!key_of_inventory(keys->v[i].kind))
			want(s, keys->v[i]);
	for (size_t i = 0; i < LOOKS; i++)
		if (s->wanted[looks[i].kind])
			s->looks_of[looks[i].id] |= (uint32_t)1 << i;
}

/* ---- an entry ------------------------------------------------------------------------------- */

static void hit(struct sweep *s, enum key_kind kind, const void *sought, size_t len) {
	struct wanted *w;

	HASH_FIND(hh, s->wanted[kind], sought, len, w);
	if (!w)
		return;
	if (!s->entry)
		s->entry = ldif_world_entry(s->s, s->record, s->w);
	if (w->hits.n && w->hits.v[w->hits.n - 1] == s->entry)
		return;
	ARENA_PUSH(world_arena(s->w), &w->hits, s->entry);
	w->partial += s->missing[kind];
}

static void hit_text(struct sweep *s, enum key_kind kind, const char *text) {
	hit(s, kind, text, strlen(text));
}

static void look_at(struct sweep *s, const struct look *l, const struct ldif_field *f,
                    const char *folded) {
	static const char x500[] = "x500:";

	switch (l->form) {
	case FORM_EXACT:
		hit(s, l->kind, f->data, f->len);
		break;
	case FORM_FOLDED:
		hit_text(s, l->kind, folded);
		break;
	case FORM_MAIL:
		hit_text(s, l->kind, arena_printf(s->fold, "smtp:%s", folded));
		break;
	case FORM_X500:
		if (strncmp(folded, x500, sizeof(x500) - 1) == 0)
			hit_text(s, l->kind, folded + sizeof(x500) - 1);
		break;
	}
}

static void sweep_field(struct sweep *s, const struct ldif_field *f) {
	/* No key seeks by what only filters ask about. */
	uint32_t rows = f->id < FIELDS ? s->looks_of[f->id] : 0;

	if (!rows || !f->data)
		return;
	const char *folded = text_fold_bytes(s->fold, f->data, f->len);
	for (size_t i = 0; i < LOOKS; i++)
		if (rows >> i & 1 && s->asked[looks[i].kind])
			look_at(s, looks + i, f, folded);
}

/* The value of the first component of a normal DN, unescaped. */
static const char *first_value(struct arena *a, const char *normal) {
	const char *p = strchr(normal, '=');
	char *value = arena_strdup(a, p ? p + 1 : ""), *to = value;

	for (p = value; *p && *p != ',' && *p != '+'; p++) {
		if (*p == '\\' && p[1])
			p++;
		*to++ = *p;
	}
	*to = '\0';
	return value;
}

static void sweep_identity(struct sweep *s, const struct ldif_record *r) {
	if (s->asked[KEY_USER_GUID] && !guid_none(r->guid))
		hit(s, KEY_USER_GUID, r->guid.bytes, sizeof(r->guid.bytes));
	if (s->asked[KEY_USER_DN])
		hit_text(s, KEY_USER_DN, r->normal);
	if (s->asked[KEY_USER_NAME])
		hit_text(s, KEY_USER_NAME, first_value(s->fold, r->normal));
}

/* Notes for which kinds of keys this entry may hold something that the file does not give. */
static void note_missing(struct sweep *s, const struct ldif_record *r) {
	const struct ldif_field *f = s->s->fields + r->first;

	for (size_t i = 0; i < r->n; i++) {
		for (size_t j = 0; j < LOOKS && !f[i].data; j++) {
			enum key_kind kind = looks[j].kind;
			if (looks[j].id != f[i].id || !s->asked[kind] || s->missing[kind])
				continue;
			s->missing[kind] = true;
			if (s->partial[kind].n++ == 0) {
				s->partial[kind].dn = r->dn;
				s->partial[kind].name = attributes[f[i].id].name;
			}
		}
	}
}

static void sweep_entry(struct sweep *s, const struct ldif_scope *scope,
                        const struct ldif_record *r) {
	enum { ENOUGH = 1024 * 1024 };
	bool person = r->person && (!scope->base || ldif_below(r->normal, scope->base));
	bool settings = !scope->configuration || ldif_below(r->normal, scope->configuration);

	for (int kind = 0; kind < KEY_KINDS; kind++) {
		bool there = of_people(kind) ? person : kind == KEY_CLASS ? settings : true;
		s->asked[kind] = there && s->wanted[kind];
		s->missing[kind] = false;
	}
	if (arena_used(s->fold) > ENOUGH) {
		arena_free(s->fold);
		s->fold = arena_new();
	}
	s->record = r;
	s->entry = NULL;
	if (r->partial)
		note_missing(s, r);
	sweep_identity(s, r);
	for (size_t i = 0; i < r->n; i++)
		sweep_field(s, s->s->fields + r->first + i);
}

/* ---- the answers ---------------------------------------------------------------------------- */

/* Who shares it with others says nothing of them: every domain gives names anew, and a SID is in
 * entries that are no accounts. */
static bool shared(const struct wanted *w) {
	return w->key.kind == KEY_USER_NAME || w->key.kind == KEY_HOLDER_SID;
}

/* To remember a disabled archive is not to own it. */
static bool anybody(const struct wanted *w) {
	struct value v = { w->sought, w->len };

	if (shared(w))
		return false;
	if (!key_of_owner(w->key.kind))
		return w->hits.n > 0;
	for (size_t i = 0; i < w->hits.n; i++)
		if (entry_holds(w->hits.v[i], ATTR_MAILBOX_GUID, v) ||
		    entry_holds(w->hits.v[i], ATTR_ARCHIVE_GUID, v))
			return true;
	return false;
}

/* Where may somebody be who holds this, and is not in the file? */
static bool may_hide(const struct sweep *s, const struct wanted *w, const struct ldif_gap *gap) {
	const char *base = s->base;

	if (gap->archives_alone)
		return w->key.kind == KEY_ARCHIVE_OWNER;
	if (of_people(w->key.kind) && base && !ldif_below(gap->normal, base) &&
	    !ldif_below(base, gap->normal))
		return false;
	switch (w->key.kind) {
	case KEY_USER_DN:
		return ldif_below(w->key.text, gap->normal);
	case KEY_USER_GUID:
	case KEY_USER_NAME:
	case KEY_USER_LEGACY_DN:
	case KEY_USER_DISPLAY_NAME:
	case KEY_OWNER:
	case KEY_ARCHIVE_OWNER:
	case KEY_HOLDER_ALIAS:
	case KEY_HOLDER_ADDRESS:
	case KEY_HOLDER_LEGACY_DN:
	case KEY_HOLDER_SID:
		return true;
	default:
		return false;
	}
}

/* That nobody holds something is known of a whole forest alone. */
static const char *hidden(const struct sweep *s, const struct wanted *w) {
	const struct ldif_snapshot *file = s->s;

	for (size_t i = 0; i < file->gaps.n; i++)
		if (may_hide(s, w, file->gaps.v + i) && !anybody(w))
			return arena_printf(s->fold,
			                    "%s holds nothing of %s, a domain of the forest%s%s",
			                    s->s->called, file->gaps.v[i].dn,
			                    file->gaps.v[i].why ? ", and " : "",
			                    file->gaps.v[i].why ? file->gaps.v[i].why : "");
	return NULL;
}

/* Whoever is in the answer already cannot hide; anybody else with values left out may. */
static void answer(struct sweep *s, const struct wanted *w) {
	enum key_kind kind = w->key.kind;
	const char *why = hidden(s, w);
	bool some = why && shared(w) && s->partial[kind].n == w->partial;

	if (s->partial[kind].n != w->partial)
		why = arena_printf(s->fold, "%s gives %s of %s only in part", s->s->called,
		                   s->partial[kind].name, s->partial[kind].dn);
	for (const struct wanted *t = w; t; t = t->twin) {
		if (some)
			world_answer_part(s->w, t->key, w->hits.v, w->hits.n, why);
		else if (why)
			world_unknown(s->w, t->key, "read-incomplete", why);
		else
			world_answer_entries(s->w, t->key, w->hits.v, w->hits.n);
	}
}

void ldif_find(const struct ldif_snapshot *snapshot, const struct ldif_scope *scope,
               const struct keys *keys, struct world *w) {
	struct sweep s = {
		.s = snapshot, .base = scope->base, .w = w, .keep = arena_new(), .fold = arena_new()
	};

	if (!world_base(w))
		world_set_base(w, snapshot->base);
	want_all(&s, keys);
	for (size_t i = 0; i < snapshot->n; i++)
		if (snapshot->records[i].object)
			sweep_entry(&s, scope, snapshot->records + i);
	for (int kind = 0; kind < KEY_KINDS; kind++) {
		for (const struct wanted *k = s.wanted[kind]; k; k = k->hh.next)
			answer(&s, k);
		HASH_CLEAR(hh, s.wanted[kind]);
	}
	arena_free(s.fold);
	arena_free(s.keep);
}
