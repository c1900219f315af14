/* One hostile plan, and what each format makes of it. */
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "reconcile/render.h"

#define NAME "O'Neil\xe2\x80\x99s `$(rm)` | <script> @all\nRemove-Mailbox"
#define DN   "CN=Jos\xc3\xa9 \xe2\x80\x98x,DC=contoso,DC=com"

static struct value text(const char *s) {
	return (struct value){ s, strlen(s) };
}

static const struct database_row database = { .name = "MBX 'DB'", .retention = 86400 };
static const struct mailbox_row row = {
	.display_name = "x", .legacy_dn = "", .database = &database, .disconnected = TIMESTAMP_NONE
};
static const struct entry user = { .dn = DN, .normal = "", .identity = "" };

struct world_of_one {
	struct connection connection;
	struct value values[16];
	struct change changes[8];
	struct note notes[1];
	const char *holds[1];
	struct item item;
	struct plan plan;
};

static void change(struct world_of_one *w, enum attribute id, const char *before,
                   const char *after) {
	struct change *c = w->changes + w->item.changes.n;
	struct value *v = w->values + 2 * w->item.changes.n++;

	*c = (struct change){ .id = id,
		              .before = v,
		              .after = v + 1,
		              .n_before = before != NULL,
		              .n_after = after != NULL };
	if (before)
		v[0] = text(before);
	if (after)
		v[1] = text(after);
	w->item.changes.v = w->changes;
}

static void begin(struct world_of_one *w, enum action action) {
	*w = (struct world_of_one){
		.connection = { .manifest = "m",
		                .name = NAME,
		                .mailbox = "x",
		                .database = "d",
		                .at = { "hq\n.yaml", 9, 5 } },
		.item = { .action = action,
		          .type = TYPE_USER,
		          .database = "MBX 'DB'",
		          .row = &row,
		          .user = &user,
		          .disconnected = TIMESTAMP_NONE,
		          .purge = TIMESTAMP_NONE },
		.plan = { .n = 1, .complete = true, .digest = "sha256:0" },
	};
	memset(w->item.mailbox.bytes, 0x11, 16);
	w->item.connection = &w->connection;
	w->plan.items = &w->item;
	w->plan.counts[action] = 1;
}

typedef void renderer(const struct plan *, const struct render_options *, struct buf *);

static void expect(struct world_of_one *w, renderer *render, bool applied, const char *expected) {
	struct render_options o = { .now = 1795165200, .applied = applied };
	struct buf out = { 0 };

	render(&w->plan, &o, &out);
	if (!strstr(out.data, expected))
		print_error("this is not in it:\n%s\nbut:\n%s\n", expected, out.data);
	assert_non_null(strstr(out.data, expected));
	buf_done(&out);
}

static void refuse(struct world_of_one *w, renderer *render, const char *unexpected) {
	struct render_options o = { .now = 1795165200 };
	struct buf out = { 0 };

	render(&w->plan, &o, &out);
	if (strstr(out.data, unexpected))
		print_error("this is in it:\n%s\n%s\n", unexpected, out.data);
	assert_null(strstr(out.data, unexpected));
	buf_done(&out);
}

/* ---- LDIF ---- */

static void ldif_values(void **state) {
	static const struct {
		const char *name;
		enum attribute id;
		const char *before, *after, *expected;
	} rows[] = {
		{ "added", ATTR_MAIL, NULL, "a@b.c", "\nadd: mail\nmail: a@b.c\n-\n" },
		{ "taken away", ATTR_MAIL, "a@b.c", NULL, "\ndelete: mail\nmail: a@b.c\n-\n" },
		{ "another", ATTR_MAIL, "a@b.c", "d@b.c",
		  "\ndelete: mail\nmail: a@b.c\n-\nadd: mail\nmail: d@b.c\n-\n" },
		{ "blank before", ATTR_MAIL, NULL, " a", "\nmail:: IGE=\n" },
		{ "blank behind", ATTR_MAIL, NULL, "a ", "\nmail:: YSA=\n" },
		{ "colon first", ATTR_MAIL, NULL, ":a", "\nmail:: OmE=\n" },
		{ "URL first", ATTR_MAIL, NULL, "<file:///etc/passwd",
		  "\nmail:: PGZpbGU6Ly8vZXRjL3Bhc3N3ZA==\n" },
		{ "line break", ATTR_MAIL, NULL, "a\ndn: b", "\nmail:: YQpkbjogYg==\n" },
		{ "carriage return", ATTR_MAIL, NULL, "a\rb", "\nmail:: YQ1i\n" },
		{ "not ASCII", ATTR_MAIL, NULL, "\xc3\xa9", "\nmail:: w6k=\n" },
		{ "octets", ATTR_SECURITY_DESCRIPTOR, NULL, "abc",
		  "\nmsExchMailboxSecurityDescriptor:: YWJj\n" },
		{ "folded", ATTR_MAIL, NULL,
		  "0123456789012345678901234567890123456789012345678901234567890123456789X"
		  "0123456789012345678901234567890123456789012345678901234567890123456789012345Y",
		  "\nmail: 0123456789012345678901234567890123456789012345678901234567890123456789\n"
		  " X01234567890123456789012345678901234567890123456789012345678901234567890123\n"
		  " 45Y\n-\n" },
		{ "time of apply", ATTR_WHEN_MAILBOX_CREATED, NULL, TIME_OF_APPLY,
		  "\nmsExchWhenMailboxCreated: 20261120090000.0Z\n" },
	};
	struct world_of_one w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		print_message("%s\n", rows[i].name);
		begin(&w, ACTION_UPDATE);
		change(&w, rows[i].id, rows[i].before, rows[i].after);
		expect(&w, render_ldif, false, rows[i].expected);
	}
}

static void ldif_record(void **state) {
	struct world_of_one w;

	(void)state;
	begin(&w, ACTION_CONNECT);
	change(&w, ATTR_MAIL, NULL, "a@b.c");
	expect(&w, render_ldif, false,
	       "version: 1\n\n"
	       "# connect: O'Neil\xe2\x80\x99s `$(rm)` | <script> @all\\u000aRemove-Mailbox "
	       "(hq\\u000a.yaml:9)\n"
	       "dn:: Q049Sm9zw6kg4oCYeCxEQz1jb250b3NvLERDPWNvbQ==\n"
	       "changetype: modify\nadd: mail\nmail: a@b.c\n-\n");
	/* What only a person may do is not done by feeding a file to ldapmodify. */
	w.holds[0] = "adopting";
	w.item.holds.v = w.holds;
	w.item.holds.n = 1;
	expect(&w, render_ldif, false, "# held: adopting: \n# dn:: ");
	refuse(&w, render_ldif, "\nadd: mail");
	w.item.outcome = OUTCOME_FAILED;
	w.item.message = "no\nroom";
	expect(&w, render_ldif, true, "#   failed: no\\u000aroom\n");
}

static void archive_comes_last(void **state) {
	struct world_of_one one, two;
	struct item both[2];
	struct buf out = { 0 };
	struct render_options o = { 0 };

	(void)state;
	begin(&one, ACTION_CONNECT);
	begin(&two, ACTION_CONNECT);
	change(&one, ATTR_ARCHIVE_NAME, NULL, "later");
	change(&two, ATTR_MAIL, NULL, "earlier");
	one.item.after_partner = one.connection.archive = true;
	both[0] = one.item;
	both[1] = two.item;
	one.plan.items = both;
	one.plan.n = 2;
	render_ldif(&one.plan, &o, &out);
	assert_null(strstr(out.data, "# dn"));
	assert_true(strstr(out.data, "mail: earlier") < strstr(out.data, "ArchiveName: later"));
	/* Without its primary it would hang in the air. */
	both[1].holds.v = two.holds;
	both[1].holds.n = 1;
	two.holds[0] = "reconnecting";
	out.len = 0;
	render_ldif(&one.plan, &o, &out);
	assert_null(strstr(out.data, "\ndn"));
	assert_non_null(strstr(out.data, "\n# held: what it builds on is held\n"));
	buf_done(&out);
}

/* ---- PowerShell ---- */

static void powershell_connect(void **state) {
	static const char *const addresses[] = { "smtp:o'x@contoso.com", NULL };
	struct world_of_one w;

	(void)state;
	begin(&w, ACTION_CONNECT);
	w.connection.policies[POLICY_RETENTION] =
	        (struct policy_wish){ .how = SET, .text = "7y'; Remove" };
	w.connection.domain_controller = "dc01";
	w.connection.addresses = addresses;
	change(&w, ATTR_MAIL_NICKNAME, NULL, "o`'\xe2\x80\x99neil");
	change(&w, ATTR_PROXY_ADDRESSES, NULL, "smtp:o'x@contoso.com");
	expect(&w, render_powershell, false,
	       "# connect: O'Neil\xe2\x80\x99s `$(rm)` | <script> @all\\u000aRemove-Mailbox "
	       "(hq\\u000a.yaml:9)\n"
	       "Connect-Mailbox -Identity '11111111-1111-1111-1111-111111111111' "
	       "-Database 'MBX ''DB''' -DomainController 'dc01' -ValidateOnly\n"
	       "Connect-Mailbox -Identity '11111111-1111-1111-1111-111111111111' "
	       "-Database 'MBX ''DB''' -DomainController 'dc01' "
	       "-User 'CN=Jos\xc3\xa9 \xe2\x80\x98\xe2\x80\x98x,DC=contoso,DC=com' "
	       "-Alias 'o`''\xe2\x80\x99\xe2\x80\x99neil' -RetentionPolicy '7y''; Remove'\n"
	       "Set-Mailbox -Identity 'CN=Jos\xc3\xa9 \xe2\x80\x98\xe2\x80\x98x,DC=contoso,DC=com' "
	       "-DomainController 'dc01' -EmailAddresses @{Add='smtp:o''x@contoso.com'}\n"
	       "Update-StoreMailboxState -Database 'MBX ''DB''' "
	       "-Identity 11111111-1111-1111-1111-111111111111\n");
}

static void powershell_types(void **state) {
	static const struct {
		enum recipient_type type;
		bool archive;
		const char *expected;
	} rows[] = {
		{ TYPE_ROOM, false, "'MBX ''DB''' -Room -User" },
		{ TYPE_EQUIPMENT, false, "'MBX ''DB''' -Equipment -User" },
		{ TYPE_SHARED, false, "'MBX ''DB''' -Shared -User" },
		{ TYPE_USER, false, "'MBX ''DB''' -User" },
		{ TYPE_NONE, true, "'MBX ''DB''' -Archive -User" },
	};
	struct world_of_one w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		begin(&w, ACTION_CONNECT);
		w.item.type = rows[i].type;
		w.connection.archive = rows[i].archive;
		expect(&w, render_powershell, false, rows[i].expected);
	}
}

#define CALL "\nSet-Mailbox -Identity 'CN=Jos\xc3\xa9 \xe2\x80\x98\xe2\x80\x98x,DC=contoso,DC=com' "

static void powershell_update(void **state) {
	static const struct {
		enum attribute id;
		const char *before, *after, *expected;
	} rows[] = {
		{ ATTR_MAIL_NICKNAME, "a", "b", CALL "-Alias 'b'\n" },
		{ ATTR_TEMPLATE_LINK, NULL, "CN=7y,CN=Retention Policies Container,DC=x",
		  CALL "-RetentionPolicy 'CN=7y,CN=Retention Policies Container,DC=x'\n" },
		{ ATTR_TEMPLATE_LINK, NULL, "CN=7y,CN=ELC Mailbox Policies,DC=x",
		  CALL "-ManagedFolderMailboxPolicy 'CN=7y,CN=ELC Mailbox Policies,DC=x'\n" },
		{ ATTR_TEMPLATE_LINK, "CN=7y,CN=Retention Policies Container,DC=x", NULL,
		  CALL "-RetentionPolicy $null\n" },
		{ ATTR_ADDRESS_BOOK_POLICY_LINK, NULL, "CN=A", CALL "-AddressBookPolicy 'CN=A'\n" },
		{ ATTR_MOBILE_POLICY_LINK, "CN=A", NULL, "-ActiveSyncMailboxPolicy $null\n" },
		{ ATTR_RECIPIENT_TYPE_DETAILS, "1", "16", CALL "-Type 'Room'\n" },
		{ ATTR_RECIPIENT_TYPE_DETAILS, "2", "1",
		  "-LinkedMasterAccount $null\nSet-Mailbox" },
		{ ATTR_PROXY_ADDRESSES, "SMTP:a@x.y", "SMTP:b@x.y",
		  CALL "-EmailAddressPolicyEnabled $false -EmailAddresses 'SMTP:b@x.y'\n" },
		{ ATTR_PROXY_ADDRESSES, "smtp:a@x.y", NULL,
		  CALL "-EmailAddresses @{Remove='smtp:a@x.y'}\n" },
		{ ATTR_EXCH_VERSION, "1", "2", "# no cmdlet writes msExchVersion alone" },
	};
	struct world_of_one w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		begin(&w, ACTION_UPDATE);
		change(&w, rows[i].id, rows[i].before, rows[i].after);
		expect(&w, render_powershell, false, rows[i].expected);
	}
}

/* Whose mailbox it becomes; what an undo gives back has a SID and no name. */
static void powershell_linked(void **state) {
	static const struct {
		const char *before, *after, *sid_before, *sid_after, *master, *expected;
	} rows[] = {
		{ "1", "2", NULL, "\1\1", "F\\o'x",
		  "-LinkedMasterAccount 'F\\o''x' -LinkedDomainController 'dc1' "
		  "-LinkedCredential (Get-Credential -Message 'fab''x')\n" },
		{ "4", "2", NULL, NULL, "F\\o", "-LinkedMasterAccount 'F\\o' -Linked" },
		{ NULL, NULL, "\1\1", "\1\2", "F\\o", "-LinkedMasterAccount 'F\\o' -Linked" },
		{ "1", "2", NULL, "\1\1", NULL, "\n# Set-User -LinkedMasterAccount takes no SID" },
		{ NULL, NULL, "\1\1", "\1\2", NULL,
		  "\n# Set-User -LinkedMasterAccount takes no SID" },
	};
	struct value linked = text("2");
	struct attribute_values have = { ATTR_RECIPIENT_TYPE_DETAILS, false, 1, &linked };
	struct entry its_user = user;
	struct world_of_one w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		begin(&w, ACTION_UPDATE);
		w.connection.linked.master_account = rows[i].master;
		w.connection.linked.domain_controller = rows[i].master ? "dc1" : NULL;
		w.connection.linked.credential = rows[i].master ? "fab'x" : NULL;
		if (rows[i].after)
			change(&w, ATTR_RECIPIENT_TYPE_DETAILS, rows[i].before, rows[i].after);
		else {
			its_user.attributes = &have;
			its_user.n = 1;
			w.item.user = &its_user;
		}
		if (rows[i].sid_after)
			change(&w, ATTR_MASTER_ACCOUNT_SID, rows[i].sid_before, rows[i].sid_after);
		expect(&w, render_powershell, false, rows[i].expected);
	}
	begin(&w, ACTION_CONNECT);
	w.item.type = TYPE_LINKED;
	w.connection.linked.master_account = "F\\o";
	w.connection.linked.domain_controller = "dc1";
	expect(&w, render_powershell, false,
	       " -LinkedMasterAccount 'F\\o' -LinkedDomainController 'dc1'");
	refuse(&w, render_powershell, "LinkedCredential");
}

static void powershell_left_out(void **state) {
	struct world_of_one w;

	(void)state;
	begin(&w, ACTION_BLOCKED);
	w.notes[0] = (struct note){ .code = "user-not-found", .message = "x\r\nRemove-Mailbox" };
	w.item.reasons.v = w.notes;
	w.item.reasons.n = 1;
	expect(&w, render_powershell, false,
	       "\n#   user-not-found: x\\u000d\\u000aRemove-Mailbox\n");
	refuse(&w, render_powershell, "\nConnect-Mailbox");

	begin(&w, ACTION_CONNECT);
	w.item.database = "a\nRemove-Mailbox";
	w.holds[0] = "reconnecting";
	w.item.holds.v = w.holds;
	w.item.holds.n = 1;
	expect(&w, render_powershell, false, "\n# Connect-Mailbox -Identity");
	refuse(&w, render_powershell, "\nConnect-Mailbox");
	refuse(&w, render_powershell, "\nRemove-Mailbox");
	refuse(&w, render_powershell, "\nUpdate-Store");

	begin(&w, ACTION_DISCONNECT);
	refuse(&w, render_powershell, "\nDisable-Mailbox");
	expect(&w, render_powershell, false, "\n#   Disable-Mailbox takes away more");

	begin(&w, ACTION_CONNECT);
	w.item.outcome = OUTCOME_APPLIED;
	expect(&w, render_powershell, true, "\n#   applied\nUpdate-StoreMailboxState");
}

/* ---- Markdown ---- */

static void markdown_names(void **state) {
	struct world_of_one w;

	(void)state;
	begin(&w, ACTION_CONNECT);
	change(&w, ATTR_DISPLAY_NAME, "```\n</details>", "@all");
	expect(&w, render_markdown, false,
	       "<summary>connect <code>O'Neil\xe2\x80\x99s &#96;&#36;&#40;rm&#41;&#96; &#124; "
	       "&#60;script&#62; &#64;all&#92;u000aRemove-Mailbox</code></summary>\n\n"
	       "* manifest: <code>m</code>\n");
	expect(&w, render_markdown, false,
	       "\n```diff\n- displayName: ```\\u000a</details>\n+ displayName: @all\n```\n");
	refuse(&w, render_markdown, "<script>");
	w.connection.name = "www.evil.com";
	expect(&w, render_markdown, false, "<code>www&#46;evil.com</code>");
}

static void markdown_parts(void **state) {
	struct world_of_one w;
	struct released gone = { "hq", "CAR|002" };

	(void)state;
	begin(&w, ACTION_BLOCKED);
	w.notes[0] = (struct note){ .code = "user-not-found", .message = "nobody\n```\n# x" };
	w.item.reasons.v = w.notes;
	w.item.reasons.n = 1;
	w.plan.released.v = &gone;
	w.plan.released.n = 1;
	expect(&w, render_markdown, false, "| blocked | 1 |\n");
	expect(&w, render_markdown, false,
	       "### Needs attention\n\n<details open><summary>blocked <code>");
	expect(&w, render_markdown, false,
	       "\n```text\nuser-not-found: nobody\\u000a```\\u000a# x\n```\n");
	expect(&w, render_markdown, false, "* <code>CAR&#124;002</code> of <code>hq</code>\n");
}

/* ---- ndjson ---- */

static void ndjson_events(void **state) {
	struct world_of_one w;
	struct render_options o = { .applied = true };
	struct buf out = { 0 };
	static const char *const begins[] = {
		("{\"type\":\"version\",\"mbxctl\":\"" MBXCTL_VERSION
		 "\",\"format\":\"mbxctl.plan/1\"}"),
		("{\"type\":\"connection\",\"connection\":{\"name\":\"O'Neil\xe2\x80\x99s `$(rm)` "
		 "| <script> "
		 "@all\\nRemove-Mailbox\",\"manifest\":\"m\","),
		"{\"type\":\"result\",\"name\":\"O'Neil",
		"{\"type\":\"summary\",\"digest\":\"sha256:0\",\"summary\":{\"total\":1,"
		"\"connect\":1,",
	};

	(void)state;
	begin(&w, ACTION_CONNECT);
	w.item.outcome = OUTCOME_APPLIED;
	render_ndjson(&w.plan, &o, &out);
	size_t n = 0;
	for (char *line = strtok(out.data, "\n"); line; line = strtok(NULL, "\n"), n++) {
		assert_true(n < ARRAY_SIZE(begins));
		if (strncmp(line, begins[n], strlen(begins[n])) != 0)
			print_error("line %zu: %s\n", n, line);
		assert_int_equal(strncmp(line, begins[n], strlen(begins[n])), 0);
	}
	assert_int_equal(n, ARRAY_SIZE(begins));
	buf_done(&out);
	expect(&w, render_ndjson, true, "\"result\":\"applied\"");
	expect(&w, render_ndjson, true, "\"complete\":true,\"overLimit\":false,\"released\":[]}");
	refuse(&w, render_ndjson, "\"type\":\"result\"");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ldif_values),        cmocka_unit_test(ldif_record),
		cmocka_unit_test(archive_comes_last), cmocka_unit_test(powershell_connect),
		cmocka_unit_test(powershell_types),   cmocka_unit_test(powershell_update),
		cmocka_unit_test(powershell_linked),  cmocka_unit_test(powershell_left_out),
		cmocka_unit_test(markdown_names),     cmocka_unit_test(markdown_parts),
		cmocka_unit_test(ndjson_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
