#include "tests/directory/reading.h"

#include <string.h>

#include "store/directory/ldif_read.h"
#include "tests/directory/fixture.h"
#include "tests/test.h"

static char *snapshot_text(struct arena *a, const struct ldif_snapshot *s) {
	struct buf out = { 0 };
	char guid[GUID_TEXT];

	for (size_t i = 0; i < s->n; i++) {
		const struct ldif_record *r = s->records + i;
		buf_printf(&out, "%d %s%s%s%s%s\n", r->line, r->dn, r->person ? " [person]" : "",
		           r->object ? "" : " [gone]", guid_none(r->guid) ? "" : " ",
		           guid_none(r->guid) ? "" : guid_text(r->guid, guid));
		for (size_t j = 0; j < r->n; j++) {
			const struct ldif_field *f = s->fields + r->first + j;
			struct value v = { f->data, f->len };
			if (f->id >= LDIF_CLASS)
				continue;
			buf_printf(&out, "  %s: %s\n", attributes[f->id].name,
			           f->data ? value_text(a, (enum attribute)f->id, v) : "(part)");
		}
	}
	if (s->base)
		buf_printf(&out, "base %s\n", s->base);
	char *text = arena_copy(a, out.data, out.len);
	buf_done(&out);
	return text;
}

static void read_row(void **state) {
	const struct reading *row = *state;
	struct ldif_snapshot *s = NULL;
	struct error err = { 0 };
	struct folder f;

	folder_make(&f);
	char *ldif = arena_strdup(f.arena, row->ldif);
	for (char *p = ldif; (p = strchr(p, '\1')) != NULL;)
		*p = '\0';
	char *path = folder_write(&f, "a", ldif, strlen(row->ldif));
	int r = ldif_read(path, "a.ldif", false, &s, &err);
	const char *text =
	        r < 0 ? arena_printf(f.arena, "%s\n", err.text) : snapshot_text(f.arena, s);
	assert_string_equal(text, row->expect);
	assert_true(r == OK || r == ERR_INVALID);
	ldif_snapshot_free(s);
	folder_remove(&f);
}

int reading_run(const char *name, const struct reading *rows, size_t n) {
	struct CMUnitTest tests[64] = { 0 };

	assert_true(n <= ARRAY_SIZE(tests));
	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = read_row,
			                        .initial_state = (void *)&rows[i] };
	return _cmocka_run_group_tests(name, tests, n, NULL, NULL);
}
