#include <string.h>

#include "base/text.h"
#include "spec/decode.h"

static const char api_version[] = "mbxctl/v1";
static const char *const kinds[] = { "MailboxConnections", "Config", NULL };
static const char *const kind_words[] = { "a manifest", "a config" };

static const char *word_of(const char *kind) {
	return kind_words[strcmp(kind, kinds[0]) != 0];
}

static void check_version(struct decoder *d, const struct node *root) {
	const struct node *key = node_key(root, "apiVersion");

	if (!key && !root->cut)
		decode_problem(d, root->at, "missing-field",
		               "apiVersion is missing: begin the document with apiVersion: %s",
		               api_version);
	if (!key || key->value->kind == NODE_REFUSED)
		return;
	const struct node *value = key->value;
	if (value->kind != NODE_TEXT || node_is_null(value))
		decode_problem(d, value->at, "wrong-api-version", "apiVersion is no text: write %s",
		               api_version);
	else if (strcmp(value->text, api_version) != 0)
		decode_problem(d, value->at, "wrong-api-version",
		               "unknown apiVersion \"%s\": this mbxctl reads %s",
		               decode_quoted(d, value), api_version);
}

/* False: it is a document of another kind. */
static bool check_kind_text(struct decoder *d, const struct node *value, const char *kind) {
	const char *nearest = text_nearest(value->text, kinds);

	if (strcmp(value->text, kind) == 0)
		return true;
	if (nearest && strcmp(nearest, value->text) == 0)
		decode_problem(d, value->at, "wrong-kind",
		               "this document is %s (kind: %s); here %s is read (kind: %s)",
		               word_of(nearest), nearest, word_of(kind), kind);
	else
		decode_problem(d, value->at, "wrong-kind", "unknown kind \"%s\": %s has kind: %s",
		               decode_quoted(d, value), word_of(kind), kind);
	return nearest && strcmp(nearest, kind) == 0;
}

static bool check_kind(struct decoder *d, const struct node *root, const char *kind) {
	const struct node *key = node_key(root, "kind");

	if (!key && !root->cut)
		decode_problem(d, root->at, "missing-field",
		               "kind is missing: %s begins with kind: %s", word_of(kind), kind);
	if (!key || key->value->kind == NODE_REFUSED)
		return true;
	if (key->value->kind == NODE_TEXT && !node_is_null(key->value))
		return check_kind_text(d, key->value, kind);
	decode_problem(d, key->value->at, "wrong-kind", "kind is no text: write %s", kind);
	return true;
}

bool decode_header(struct decoder *d, const struct node *root, const char *kind) {
	if (root->kind != NODE_MAP) {
		decode_problem(d, root->at, "wrong-value",
		               "%s is a mapping that begins with apiVersion: %s and kind: %s",
		               word_of(kind), api_version, kind);
		return false;
	}
	check_version(d, root);
	return check_kind(d, root, kind);
}
