#include "spec/manifest.h"

#include <time.h>

#include "tests/spec/cases.h"

static void put(struct buf *out, const char *key, const char *text) {
	if (text)
		buf_printf(out, " %s=\"%s\"", key, text);
}

static void put_at(struct buf *out, const char *key, const char *text, struct place at) {
	put(out, key, text);
	if (text)
		buf_printf(out, "@%d:%d", at.line, at.column);
}

static void put_spot(struct buf *out, const char *key, const char *text, struct spot at) {
	put_at(out, key, text, (struct place){ NULL, at.line, at.column });
}

static void put_policies(struct buf *out, const struct connection *c) {
	for (int i = 0; i < POLICY_KINDS; i++) {
		const struct policy_wish *w = c->policies + i;
		if (w->how == SET)
			put(out, policy_names[i], w->text);
		else if (w->how == CLEAR)
			buf_printf(out, " %s=null", policy_names[i]);
		if (w->how != UNMANAGED && w->defaulted)
			buf_puts(out, "(default)");
	}
}

static void put_connection(struct buf *out, const struct connection *c) {
	buf_printf(out, "%s: \"%s\"@%d:%d %s:%d:%d", c->manifest, c->name, c->name_at.line,
	           c->name_at.column, c->at.file, c->at.line, c->at.column);
	put_at(out, "mailbox", c->mailbox, c->mailbox_at);
	put(out, "database", c->database);
	put_at(out, "user", c->user, c->user_at);
	put(out, "type", c->type ? recipient_type_names[c->type] : NULL);
	buf_puts(out, c->archive ? " archive" : "");
	put(out, "alias", c->alias);
	for (size_t i = 0; c->addresses && c->addresses[i]; i++)
		put(out, "address", c->addresses[i]);
	put_policies(out, c);
	put_spot(out, "domainController", c->domain_controller, c->domain_controller_at);
	put(out, "masterAccount", c->linked.master_account);
	put_spot(out, "linked.domainController", c->linked.domain_controller,
	         c->linked.domain_controller_at);
	put_spot(out, "credential", c->linked.credential, c->linked.credential_at);
	for (int i = 0; consent_names[i]; i++)
		if (c->allow & 1u << i)
			buf_printf(out, " allow=%s", consent_names[i]);
	buf_puts(out, c->suspended ? " suspended" : "");
	put(out, "reason", c->suspend_reason);
	buf_putc(out, '\n');
}

/* The name by which a manifest without one is known: its file's, without the extension. */
static void decode(struct arena *a, const char *label, const struct buf *bytes,
                   struct connections *all, struct diags *diags) {
	const char *name = arena_copy(a, label, strcspn(label, "."));

	manifest_decode(a, label, name, bytes->data ? bytes->data : "", bytes->len, all, diags);
}

static void answer(const struct text_case *c, struct buf *out) {
	struct arena *a = arena_new();
	struct diags diags = { .arena = a };
	struct connections all = { 0 };
	struct config config;

	config_defaults(&config);
	for (size_t i = 0; i < c->n_files; i++) {
		const struct case_file *f = c->files + i;
		if (strcmp(f->label, "mbxctl.yaml") == 0)
			config_decode(a, f->label, f->bytes.data, f->bytes.len, &config, &diags);
		else
			decode(a, f->label, &f->bytes, &all, &diags);
	}
	manifest_check(&all, &config, &diags);
	diags_print(&diags, out);
	for (size_t i = 0; i < all.n; i++)
		put_connection(out, all.v + i);
	arena_free(a);
}

static void test_case(void **state) {
	const struct text_case *c = *state;
	struct buf out = { 0 };

	answer(c, &out);
	assert_string_equal(out.data ? out.data : "", c->expected.data ? c->expected.data : "");
	buf_done(&out);
}

/* ---- what cannot stand in a file of cases ---------------------------------------------------- */

#define HEAD    "apiVersion: mbxctl/v1\nkind: MailboxConnections\n"
#define ONE     "connections: [{mailbox: A, database: B}]\n"
#define ONE_OUT "m: \"A\"@3:25 m.yaml:3:15 mailbox=\"A\"@3:25 database=\"B\"\n"

static const struct row {
	const char *name, *bytes;
	size_t len;
	const char *expected;
} rows[] = {
#define ROW(name, bytes, expected)                                                                 \
	{ name, bytes, sizeof(bytes) - 1, expected }
	ROW("a byte order mark at the start is passed over", "\xef\xbb\xbf" HEAD ONE, ONE_OUT),
	ROW("CR LF ends lines like LF",
	    "apiVersion: mbxctl/v1\r\nkind: MailboxConnections\r\nconnections: [{mailbox: A, "
	    "database: B}]\r\n",
	    ONE_OUT),
	ROW("a file without a line break at its end",
	    HEAD "connections: [{mailbox: A, database: B}]", ONE_OUT),
	ROW("Latin-1 is told by byte and place, and the rest is read all the same",
	    HEAD "connections:\n  - mailbox: J\xfcrgen\n    databas: B\n",
	    "m.yaml:4:15: error: the byte 0xFC is not UTF-8: save the file as UTF-8 [not-utf8]\n"
	    "   4 |   - mailbox: J?rgen\n     |               ^\n"
	    "m.yaml:5:5: error: unknown key \"databas\", did you mean \"database\"? [unknown-key]\n"
	    "   5 |     databas: B\n     |     ^\n"),
	ROW("a column counts characters, the caret stands by width",
	    HEAD "connections: [{mailbox: \"\xe4\xbd\xa0\xc3\xb6\", databas: B, database: C}]\n",
	    "m.yaml:3:31: error: unknown key \"databas\", did you mean \"database\"? "
	    "[unknown-key]\n"
	    "   3 | connections: [{mailbox: \"\xe4\xbd\xa0\xc3\xb6\", databas: B, database: C}]\n"
	    "     |                                ^\n"),
	ROW("a NUL byte", HEAD "connections: [{mailbox: A\0, database: B}]\n",
	    "m.yaml:3:26: error: the control character U+0000 is not allowed [control-character]\n"
	    "   3 | connections: [{mailbox: A , database: B}]\n"
	    "     |                          ^\n"),
	ROW("an escape character in a comment", HEAD "# \x1b[31m\n" ONE,
	    "m.yaml:3:3: error: the control character U+001B is not allowed [control-character]\n"
	    "   3 | #  [31m\n     |   ^\n"),
	ROW("a line separator that is none to an editor", HEAD "# \xe2\x80\xa8\n" ONE,
	    "m.yaml:3:3: error: the control character U+2028 is not allowed (some programs take it "
	    "for the end of the line) [control-character]\n"
	    "   3 | # \xe2\x80\xa8\n     |   ^\n"),
	ROW("a carriage return alone", HEAD "connections: # a\rb\n  [{mailbox: A, database: B}]\n",
	    "m.yaml:3:17: error: the control character U+000D is not allowed (some programs take "
	    "it "
	    "for the end of the line) [control-character]\n"
	    "   3 | connections: # a b\n     |                 ^\n"),
	ROW("a byte order mark where files were joined",
	    HEAD ONE "\xef\xbb\xbf---\n" HEAD "connections: []\n",
	    "m.yaml:4:1: error: a byte order mark (U+FEFF) may stand at the start of the file "
	    "alone [control-character]\n"
	    "   4 | \xef\xbb\xbf---\n     | ^\n"),
	ROW("UTF-16",
	    "\xff\xfe"
	    "a\0p\0i\0",
	    "m.yaml:1:1: error: the file is UTF-16: save it as UTF-8 [not-utf8]\n"
	    "   1 | ??a p i\n     | ^\n"),
	ROW("an empty file", "",
	    "m.yaml:1:1: error: the file holds no manifest: it is empty, or all comments "
	    "[no-document]\n"),
	ROW("bytes of a program",
	    "\x7f"
	    "ELF\x02\x01\x01\0\0\xff\n\0\0",
	    "m.yaml:1:1: error: the control character U+007F is not allowed [control-character]\n"
	    "   1 |  ELF     ?\n     | ^\n"
	    "m.yaml:1:2: error: a manifest is a mapping that begins with apiVersion: mbxctl/v1 and "
	    "kind: MailboxConnections [wrong-value]\n"
	    "   1 |  ELF     ?\n     |  ^\n"
	    "m.yaml:2:1: error: the control character U+0000 is not allowed [control-character]\n"
	    "   2 | \n     | ^\n"),
#undef ROW
};

static void answer_row(const struct row *row, struct buf *out) {
	struct buf bytes = { 0 };
	struct text_case c = { .files = { { .label = "m.yaml" } }, .n_files = 1 };

	buf_add(&bytes, row->bytes, row->len);
	c.files[0].bytes = bytes;
	answer(&c, out);
	buf_done(&bytes);
}

static void test_row(void **state) {
	const struct row *row = *state;
	struct buf out = { 0 };

	answer_row(row, &out);
	assert_string_equal(out.data, row->expected);
	buf_done(&out);
}

/* Is this line in the answer to these bytes, and does that come within a second? */
static void soon(struct buf *bytes, const char *line) {
	struct text_case c = { .files = { { .label = "m.yaml", .bytes = *bytes } }, .n_files = 1 };
	struct buf out = { 0 };
	clock_t begin = clock();

	answer(&c, &out);
	assert_true(clock() - begin < CLOCKS_PER_SEC);
	if (!strstr(out.data, line))
		assert_string_equal(out.data, line);
	buf_done(&out);
	buf_done(bytes);
}

static void repeat(struct buf *b, const char *text, size_t n) {
	while (n--)
		buf_puts(b, text);
}

static void deep_flow(void **state) {
	struct buf b = { 0 };

	(void)state;
	buf_puts(&b, HEAD "connections: ");
	repeat(&b, "[", 100000);
	soon(&b,
	     "m.yaml:3:45: error: lists and mappings are nested deeper than 32 here [too-deep]");
}

static void deep_block(void **state) {
	struct buf b = { 0 };

	(void)state;
	buf_puts(&b, HEAD "connections:\n");
	repeat(&b, "- ", 100000);
	soon(&b,
	     "m.yaml:4:63: error: lists and mappings are nested deeper than 32 here [too-deep]");
}

static void deep_enough(void **state) {
	struct buf b = { 0 };

	(void)state;
	buf_puts(&b, HEAD "connections: ");
	repeat(&b, "[", 31);
	repeat(&b, "]", 31);
	soon(&b, "m.yaml:3:15: error: a connection is a mapping of name, mailbox, database, type, "
	         "user, linked, archive, alias, addresses, policies, domainController, allow and "
	         "suspend, not a list [wrong-value]");
}

static void many_tag_lines(void **state) {
	struct buf b = { 0 };

	(void)state;
	for (int i = 0; i < 20000; i++)
		buf_printf(&b, "%%TAG !t%d! tag:x,2000:\n", i);
	buf_puts(&b, "---\n" HEAD ONE);
	soon(&b, "m.yaml:1:1: error: a tag is not allowed: take the %TAG line away [yaml-tag]");
}

static void many_keys(void **state) {
	struct buf b = { 0 };

	(void)state;
	for (int i = 0; i < 20000; i++)
		buf_printf(&b, "k%d: 1\n", i % 19999);
	buf_puts(&b, HEAD ONE);
	soon(&b, "m.yaml:1:1: error: unknown key \"k0\": a manifest takes apiVersion, kind, "
	         "metadata, defaults or connections [unknown-key]");
}

static void too_large(void **state) {
	struct buf b = { 0 };

	(void)state;
	buf_puts(&b, HEAD);
	buf_pad(&b, '\n', MANIFEST_BYTES_MAX + 1 - b.len);
	soon(&b, "m.yaml:1:1: error: the file is larger than 64 MiB: split it [too-large]");
}

/* Each of 20,000 connections has its own problem, and every one of them is told. */
static void many_problems(void **state) {
	struct arena *a = arena_new();
	struct diags diags = { .arena = a };
	struct connections all = { 0 };
	struct buf b = { 0 };
	clock_t begin = clock();

	(void)state;
	buf_puts(&b, HEAD "connections:\n");
	repeat(&b, "  - {mailbox: A, database: B, alias: a..b}\n", 20000);
	manifest_decode(a, "m.yaml", "m", b.data, b.len, &all, &diags);
	assert_int_equal(diags.n, 20000);
	assert_string_equal(diags.v[19999].text, "  - {mailbox: A, database: B, alias: a..b}");
	assert_int_equal(diags.v[19999].at.line, 20003);
	manifest_check(&all, NULL, &diags);
	assert_int_equal(diags.n, 40000);
	assert_true(clock() - begin < 2 * CLOCKS_PER_SEC);
	buf_done(&b);
	arena_free(a);
}

static int rows_run(void) {
	struct CMUnitTest tests[ARRAY_SIZE(rows)];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		tests[i] = (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL,
			                        (void *)(uintptr_t)(rows + i) };
	return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}

int main(void) {
	const struct CMUnitTest sizes[] = {
		cmocka_unit_test(deep_flow),     cmocka_unit_test(deep_block),
		cmocka_unit_test(deep_enough),   cmocka_unit_test(many_tag_lines),
		cmocka_unit_test(many_keys),     cmocka_unit_test(too_large),
		cmocka_unit_test(many_problems),
	};
	int failed = cases_run("manifest.cases", answer, test_case);

	if (getenv("MBXCTL_SHOW"))
		return 0;
	return failed + rows_run() + cmocka_run_group_tests_name("sizes", sizes, NULL, NULL);
}
