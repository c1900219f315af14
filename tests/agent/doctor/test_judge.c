/* What doctor makes of facts that no server shows on demand: each case a text. */
#include <stdio.h>
#include <string.h>

#include "agent/doctor/checks.h"
#include "base/timestamp.h"
#include "reconcile/writes.h"
#include "tests/test.h"

enum { NOW = 1795165200, MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* `verdict name: message`, a line each of those whose name is asked for; advice is held to stand
 * where something is wrong. */
static const char *shown(const struct checks *c, const char *name) {
	const char *text = "";

	for (size_t i = 0; i < c->n; i++) {
		const struct check *k = c->v + i;
		bool wrong = k->verdict == VERDICT_WARNING || k->verdict == VERDICT_FAULT;
		assert_int_equal(wrong, k->advice != NULL);
		if (!name || strcmp(k->name, name) == 0)
			text = arena_printf(c->a, "%s%s %s: %s\n", text, verdict_names[k->verdict],
			                    k->name, k->message);
	}
	return text;
}

/* ---- servers -------------------------------------------------------------------------------- */

static struct examined_root root(void) {
	static const char *contexts[] = { "DC=contoso,DC=com" };

	return (struct examined_root){ .uri = "ldaps://dc1.contoso.com:636",
		                       .address = "192.0.2.1:636",
		                       .product = "Active Directory (Windows Server 2016)",
		                       .host = "dc1.contoso.com",
		                       .active_directory = true,
		                       .clock = NOW,
		                       .here = NOW,
		                       .security = { .tls = "TLS1.3",
		                                     .cipher = "AES-256-GCM",
		                                     .subject = "CN=dc1",
		                                     .issuer = "CN=ca",
		                                     .mechanism = "",
		                                     .expires = NOW + 90 * DAY },
		                       .who = "CONTOSO\\svc-mbx",
		                       .contexts = contexts,
		                       .n_contexts = 1 };
}

struct server_case {
	const char *what, *name;
	enum bind_method method;
	void (*change)(struct examined_root *r);
	const char *expected;
};

static void judge_one_server(void **state) {
	const struct server_case *k = *state;
	struct arena *a = arena_new();
	struct checks c = { .a = a, .about = "directory" };
	struct examined_root r = root();
	struct examined_address address = { .text = r.address, .ms = 12, .reached = true };
	struct examined_server server = { .uri = r.uri, .addresses = { &address, 1, 1 } };
	struct examination e = { .servers = &server, .n_servers = 1, .root = &r };
	struct bind_config bind = { .method = k->method };

	if (k->change)
		k->change(&r);
	judge_servers(&c, &e, &bind);
	assert_string_equal(shown(&c, k->name), k->expected);
	arena_free(a);
}

static void ahead(struct examined_root *r) {
	r->clock = NOW + 6 * MINUTE;
}
static void behind(struct examined_root *r) {
	r->clock = NOW - 2 * MINUTE;
}
static void within(struct examined_root *r) {
	r->clock = NOW + 40;
}
static void no_clock(struct examined_root *r) {
	r->clock = TIMESTAMP_NONE;
}
static void expiring(struct examined_root *r) {
	r->security.expires = NOW + 3 * DAY;
}
static void sealed(struct examined_root *r) {
	r->security = (struct examined_security){
		.tls = "", .cipher = "", .mechanism = "Kerberos", .sasl_bits = 256
	};
}
static void clear(struct examined_root *r) {
	r->security = (struct examined_security){ .tls = "", .cipher = "", .mechanism = "" };
}
static void local(struct examined_root *r) {
	clear(r);
	r->security.local = true;
}
static void read_only(struct examined_root *r) {
	r->read_only = true;
}
static void catching_up(struct examined_root *r) {
	r->catching_up = true;
}
static void nameless(struct examined_root *r) {
	r->who = NULL;
}

#define HOLDS "Active Directory (Windows Server 2016), dc1.contoso.com; it holds DC=contoso,DC=com"

static const struct server_case server_cases[] = {
	{ "clock, the same", "clock", BIND_SIMPLE, NULL,
	  "ok clock: the server's clock is the same as here\n" },
	{ "clock, a little off", "clock", BIND_GSSAPI, within,
	  "ok clock: the server's clock is 40s ahead of this machine's\n" },
	{ "clock, two minutes off", "clock", BIND_GSSAPI, behind,
	  "warning clock: the server's clock is 2m behind this machine's\n" },
	{ "clock, six minutes off, with a password", "clock", BIND_SIMPLE, ahead,
	  "warning clock: the server's clock is 6m ahead of this machine's\n" },
	{ "clock, six minutes off, with Kerberos", "clock", BIND_GSSAPI, ahead,
	  "fault clock: the server's clock is 6m ahead of this machine's\n" },
	{ "clock, not told", "clock", BIND_GSSAPI, no_clock,
	  "skipped clock: the server does not tell its time\n" },
	{ "a certificate", "encryption", BIND_SIMPLE, NULL,
	  "ok encryption: TLS1.3, AES-256-GCM; certificate of CN=dc1, issued by CN=ca, valid until "
	  "2027-02-18T09:00:00Z\n" },
	{ "a certificate that expires", "encryption", BIND_SIMPLE, expiring,
	  "warning encryption: TLS1.3, AES-256-GCM; certificate of CN=dc1, issued by CN=ca, valid "
	  "until 2026-11-23T09:00:00Z: that is in 3d\n" },
	{ "signed and sealed", "encryption", BIND_GSSAPI, sealed,
	  "ok encryption: Kerberos, signed and sealed, 256 bits\n" },
	{ "in the clear", "encryption", BIND_SIMPLE, clear,
	  "warning encryption: none: whoever is on the way reads and may change what is said\n" },
	{ "a socket", "encryption", BIND_EXTERNAL, local,
	  "ok encryption: a socket of this machine: nothing leaves it\n" },
	{ "a server", "product", BIND_SIMPLE, NULL, "ok product: " HOLDS "\n" },
	{ "a read-only server", "product", BIND_SIMPLE, read_only,
	  "fault product: " HOLDS "; it is read-only\n" },
	{ "a server that catches up", "product", BIND_SIMPLE, catching_up,
	  "warning product: " HOLDS "; it has not caught up with the others yet\n" },
	{ "bound", "bind", BIND_SIMPLE, NULL,
	  "ok bind: bound as CONTOSO\\svc-mbx, by a simple bind\n" },
	{ "bound as nobody knows whom", "bind", BIND_GSSAPI, nameless,
	  "ok bind: bound by Kerberos; the server does not say as whom\n" },
};

/* ---- the ways to servers -------------------------------------------------------------------- */

static void some_addresses_do_not_answer(void **state) {
	struct arena *a = arena_new();
	struct checks c = { .a = a, .about = "directory" };
	struct examined_root r = root();
	struct examined_address two[] = { { .text = "192.0.2.1:636", .ms = 12, .reached = true },
		                          { .text = "192.0.2.2:636", .fault = "it is off" } };
	struct examined_server servers[] = {
		{ .uri = "ldaps://dc1:636", .addresses = { two, 2, 2 } },
		{ .uri = "ldaps://dc2:636", .fault = "the name dc2 cannot be resolved" },
	};
	struct examination e = { .servers = servers, .n_servers = 2, .root = &r };
	struct bind_config bind = { .method = BIND_SIMPLE };

	(void)state;
	judge_servers(&c, &e, &bind);
	assert_string_equal(shown(&c, "server"),
	                    "warning server: ldaps://dc1:636 answers at 192.0.2.1:636 in 12 ms, "
	                    "but not everywhere: at 192.0.2.2:636: it is off\n"
	                    "warning server: the name dc2 cannot be resolved\n");
	assert_false(c.unreachable);
	arena_free(a);
}

static void nobody_lets_us_in(void **state) {
	struct arena *a = arena_new();
	struct checks c = { .a = a, .about = "directory" };
	struct examined_address refused = { .text = "192.0.2.1:636",
		                            .fault = "dc1 refused to bind",
		                            .reached = true };
	struct examined_address untried = {
		.text = "192.0.2.2:636", .reached = true, .anonymous = true, .ms = 7
	};
	struct examined_server servers[] = {
		{ .uri = "ldaps://dc1:636", .addresses = { &refused, 1, 1 } },
		{ .uri = "ldaps://dc2:636", .addresses = { &untried, 1, 1 } },
	};
	struct examination e = { .servers = servers, .n_servers = 2 };
	struct bind_config bind = { .method = BIND_SIMPLE };

	(void)state;
	judge_servers(&c, &e, &bind);
	assert_string_equal(shown(&c, NULL),
	                    "fault bind: dc1 refused to bind\n"
	                    "ok server: ldaps://dc2:636 answers at 192.0.2.2:636 in 7 ms (not "
	                    "bound)\n");
	assert_true(c.unreachable);
	arena_free(a);
}

/* ---- the store ------------------------------------------------------------------------------ */

static void a_store_that_is_old_and_left_open(void **state) {
	struct arena *a = arena_new();
	struct checks c = { .a = a, .about = "store" };
	const struct database_row databases[] = {
		{ .name = "DB1", .imported = NOW - HOUR },
		{ .name = "DB2", .imported = NOW - 3 * DAY - HOUR },
		{ .name = "DB3", .imported = TIMESTAMP_NONE },
	};
	struct store_facts f = { .uri = "sqlite:x.db",
		                 .format = 3,
		                 .databases = databases,
		                 .n_databases = 3,
		                 .n_intents = 1 };

	(void)state;
	judge_store(&c, &f, NOW);
	assert_string_equal(
	        shown(&c, NULL),
	        "ok file: sqlite:x.db, format 3\n"
	        "ok integrity: SQLite finds it whole\n"
	        "warning inventory: not imported within a day: DB2 (3d 1h ago) and DB3 (never) "
	        "(inventory-old)\n"
	        "warning intents: 1 write was begun and never settled (intent-open)\n");
	arena_free(a);
}

/* ---- a user --------------------------------------------------------------------------------- */

static struct examined_texts all_writes(struct arena *a, enum attribute without) {
	struct examined_texts list = { 0 };

	for (const struct write_def *w = writes; w->id != ATTR_COUNT; w++)
		if (w->id != without)
			ARENA_PUSH(a, &list, attributes[w->id].name);
	return list;
}

static void one_right_lacks_and_one_is_too_many(void **state) {
	struct arena *a = arena_new();
	struct checks c = { .a = a, .about = "directory" };
	struct examined_root r = root();
	struct examination e = { .root = &r };
	struct examined_user u = { .dn = "CN=Ann,DC=x",
		                   .tells_writable = true,
		                   .allowed = all_writes(a, ATTR_COUNT),
		                   .writable = all_writes(a, ATTR_ARCHIVE_GUID),
		                   .tells_readable = true };

	(void)state;
	ARENA_PUSH(a, &u.writable, "description");
	judge_user(&c, &e, &u, ROLE_MAILBOXES, "as --user says");
	assert_string_equal(shown(&c, NULL),
	                    "ok user: examined is CN=Ann,DC=x, as --user says\n"
	                    "fault write: may not be written: msExchArchiveGUID (needed for an "
	                    "archive)\n"
	                    "ok read: what is decided from may be read, by the user's access list\n"
	                    "warning excess: the account may do more than it needs: write 1 other "
	                    "attribute of this user\n"
	                    "ok protected: no account is protected by AdminSDHolder\n");
	arena_free(a);
}

static void a_master_account_is_only_read(void **state) {
	struct arena *a = arena_new();
	struct checks c = { .a = a, .about = "credential fabrikam" };
	struct examined_root r = root();
	struct examination e = { .root = &r };
	struct examined_user u = { .dn = "CN=Ann,DC=x",
		                   .tells_writable = true,
		                   .allowed = all_writes(a, ATTR_COUNT),
		                   .writable = all_writes(a, ATTR_COUNT),
		                   .tells_readable = true };

	(void)state;
	judge_user(&c, &e, &u, ROLE_ACCOUNTS, "the first");
	assert_string_equal(shown(&c, NULL),
	                    "ok user: examined is CN=Ann,DC=x, the first\n"
	                    "ok read: what is decided from may be read, by the user's access list\n"
	                    "warning excess: the account may do more than it needs: write 36 "
	                    "attributes of this user\n");
	arena_free(a);
}

static void lists_are_short(void **state) {
	struct arena *a = arena_new();
	const char *names[] = { "a", "b", "c", "d", "e" };
	struct examined_texts list = { names, 5, 5 };

	(void)state;
	assert_string_equal(listed(a, &list, 3), "a, b, c and 2 others");
	assert_string_equal(listed(a, &list, 4), "a, b, c, d and e");
	list.n = 2;
	assert_string_equal(listed(a, &list, 1), "a and b");
	list.n = 0;
	assert_string_equal(listed(a, &list, 1), "");
	arena_free(a);
}

int main(void) {
	struct CMUnitTest tests[ARRAY_SIZE(server_cases) + 6] = {
		cmocka_unit_test(some_addresses_do_not_answer),
		cmocka_unit_test(nobody_lets_us_in),
		cmocka_unit_test(a_store_that_is_old_and_left_open),
		cmocka_unit_test(one_right_lacks_and_one_is_too_many),
		cmocka_unit_test(a_master_account_is_only_read),
		cmocka_unit_test(lists_are_short),
	};

	for (size_t i = 0; i < ARRAY_SIZE(server_cases); i++)
		tests[6 + i] =
		        (struct CMUnitTest){ .name = server_cases[i].what,
			                     .test_func = judge_one_server,
			                     .initial_state = (void *)(size_t)(server_cases + i) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
