#include "store/directory/ldif_write.h"

#include "store/directory/ldif_render.h"

struct output {
	struct ldif_draft *draft;
	struct buf buf; /* not yet written */
	struct error *err;
};

static int flush(struct output *o) {
	int r = ldif_draft_write(o->draft, o->buf.data, o->buf.len, o->err);

	o->buf.len = 0;
	return r;
}

static int put(struct output *o, const char *data, size_t len) {
	enum { ENOUGH = 1024 * 1024 };

	if (o->buf.len + len < ENOUGH) {
		buf_add(&o->buf, data, len);
		return OK;
	}
	int r = flush(o);
	return r < 0 ? r : ldif_draft_write(o->draft, data, len, o->err);
}

static int put_edited(struct output *o, const struct ldif_edit *e, const struct ldif_record *r,
                      const struct ldif_bytes *file, struct ldif_names *names) {
	const char *text = file->data + r->start;
	size_t len = r->end - r->start;
	const char *newline = ldif_newline(text, len);
	struct arena *a = arena_new();
	struct buf entry = { 0 };

	if (!newline)
		newline = ldif_newline(file->data, file->len);
	ldif_render(e, text, len, newline ? newline : "\n", names, a, &entry);
	int result = put(o, entry.data, entry.len);
	buf_done(&entry);
	arena_free(a);
	return result;
}

static int put_all(struct output *o, const struct ldif_edits *e, const struct ldif_bytes *file,
                   struct ldif_names *names) {
	size_t at = 0;
	int r = OK;

	for (size_t i = 0; r == OK && i < e->s->n; i++) {
		const struct ldif_record *record = e->s->records + i;
		if (!e->of[i] || !e->of[i]->writes)
			continue;
		r = put(o, file->data + at, record->start - at);
		if (r == OK)
			r = put_edited(o, e->of[i], record, file, names);
		at = record->end;
	}
	if (r == OK)
		r = put(o, file->data + at, file->len - at);
	return r < 0 ? r : flush(o);
}

int ldif_write(const struct ldif_edits *e, const struct ldif_bytes *file, struct ldif_draft *d,
               struct error *err) {
	struct output o = { .draft = d, .err = err };
	struct ldif_names names = { .arena = arena_new() };
	int r = put_all(&o, e, file, &names);

	ldif_names_done(&names);
	arena_free(names.arena);
	buf_done(&o.buf);
	return r;
}
