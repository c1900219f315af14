#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/file.h"
#include "agent/saved.h"
#include "reconcile/fingerprint.h"

enum { SAVED_BYTES_MAX = 1024 * 1024 * 1024 };

static const char *text(struct arena *a, const json_t *o, const char *key) {
	const char *value = json_string_value(json_object_get(o, key));

	return value ? arena_strdup(a, value) : NULL;
}

static int index_of(const char *const *names, const char *name) {
	for (int i = 0; name && names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return 0;
}

static const char *const *texts(struct arena *a, const json_t *list) {
	size_t n = json_array_size(list);

	if (!json_is_array(list))
		return NULL;
	const char **v = ARENA_ARRAY(a, const char *, n + 1);
	for (size_t i = 0; i < n; i++) {
		const char *value = json_string_value(json_array_get(list, i));
		v[i] = arena_strdup(a, value ? value : "");
	}
	return v;
}

static void read_policies(struct arena *a, const json_t *o, struct connection *c) {
	for (int kind = 0; kind < POLICY_KINDS; kind++) {
		const json_t *wish = json_object_get(o, policy_names[kind]);
		if (!wish)
			continue;
		const char *value = text(a, wish, "value");
		c->policies[kind] = (struct policy_wish){
			.how = value ? SET : CLEAR,
			.text = value,
			.defaulted = json_is_true(json_object_get(wish, "defaulted")),
		};
	}
}

/* False where something that every connection has is missing. */
static bool read_connection(struct arena *a, const json_t *o, struct connection *c) {
	*c = (struct connection){
		.manifest = text(a, o, "manifest"),
		.name = text(a, o, "name"),
		.at = { text(a, o, "file"), (int)json_integer_value(json_object_get(o, "line")),
		        (int)json_integer_value(json_object_get(o, "column")) },
		.mailbox = text(a, o, "mailbox"),
		.database = text(a, o, "database"),
		.user = text(a, o, "user"),
		.type = (enum recipient_type)index_of(recipient_type_names, text(a, o, "type")),
		.type_defaulted = json_is_true(json_object_get(o, "typeDefaulted")),
		.archive = json_is_true(json_object_get(o, "archive")),
		.alias = text(a, o, "alias"),
		.addresses = texts(a, json_object_get(o, "addresses")),
		.domain_controller = text(a, o, "domainController"),
		.linked = { .master_account = text(a, o, "masterAccount"),
		            .domain_controller = text(a, o, "linkedDomainController"),
		            .credential = text(a, o, "linkedCredential") },
		.allow = (unsigned)json_integer_value(json_object_get(o, "allow")),
		.suspended = json_is_true(json_object_get(o, "suspended")),
		.suspend_reason = text(a, o, "suspendReason"),
	};
	read_policies(a, json_object_get(o, "policies"), c);
	return c->manifest && c->name && c->at.file && c->mailbox && c->database;
}

static int read_document(struct arena *a, const char *path, const json_t *o, struct saved *ret,
                         struct error *err) {
	const json_t *list = json_object_get(o, "connections");
	const char *format = json_string_value(json_object_get(o, "format"));
	size_t n = json_array_size(list);

	if (!format || strcmp(format, SAVED_FORMAT) != 0)
		return error_set(err, ERR_INVALID, "%s is a plan of another version of mbxctl",
		                 path);
	*ret = (struct saved){ .undo_run = json_integer_value(json_object_get(o, "undo")),
		               .over_limit = json_is_true(json_object_get(o, "overLimit")),
		               .digest = text(a, o, "digest"),
		               .fingerprints = ARENA_ARRAY(a, const char *, n + 1),
		               .left_out = ARENA_ARRAY(a, bool, n + 1) };
	for (size_t i = 0; i < n; i++) {
		struct connection c;
		if (!read_connection(a, json_array_get(list, i), &c))
			return error_set(err, ERR_INVALID, "%s is no saved plan", path);
		ARENA_PUSH(a, &ret->connections, c);
		ret->fingerprints[i] = text(a, json_array_get(list, i), "fingerprint");
		ret->left_out[i] =
		        json_is_true(json_object_get(json_array_get(list, i), "leftOut"));
	}
	return OK;
}

/* Does it begin, or end, as a saved plan does? Then it is one, whatever else became of it. */
static bool looks_saved(const char *bytes, size_t len, const char *last, size_t last_len) {
	static const char begin[] = "{\"format\":\"mbxctl.saved/", end[] = "{\"checksum\":";
	size_t n = len < sizeof(begin) - 1 ? len : sizeof(begin) - 1;

	return memcmp(bytes, begin, n) == 0 ||
	       (last_len >= sizeof(end) - 1 && memcmp(last, end, sizeof(end) - 1) == 0);
}

/* The checksum's line is the last; what stands before it is the plan. */
static int check_sum(const char *path, const char *bytes, size_t len, size_t *ret_len,
                     struct error *err) {
	char sum[65], line[128];
	const char *before = len ? memrchr(bytes, '\n', len - 1) : NULL;

	*ret_len = before ? (size_t)(before + 1 - bytes) : 0;
	if (!looks_saved(bytes, len, bytes + *ret_len, len - *ret_len))
		return error_set(err, ERR_INVALID,
		                 "%s is no saved plan; make one with plan --save FILE", path);
	bytes_fingerprint(bytes, *ret_len, sum);
	int n = snprintf(line, sizeof(line), "{\"checksum\":\"sha256:%s\"}\n", sum);
	if (!before || len - *ret_len != (size_t)n ||
	    memcmp(bytes + *ret_len, line, (size_t)n) != 0)
		return error_set(err, ERR_CONFLICT,
		                 "%s was altered since it was saved; make a new one and look at it",
		                 path);
	return OK;
}

static void free_json(json_t **o) {
	json_decref(*o);
}

int saved_read(struct arena *a, const char *path, struct saved *ret, struct error *err) {
	CLEANUP(free_json) json_t *o = NULL;
	char *bytes;
	size_t len, body = 0;
	json_error_t trouble;
	int r = file_read(path, SAVED_BYTES_MAX, &bytes, &len, err);

	if (r < 0)
		return r;
	r = check_sum(path, bytes, len, &body, err);
	if (r == OK) {
		o = json_loadb(bytes, body, 0, &trouble);
		r = o ? read_document(a, path, o, ret, err)
		      : error_set(err, ERR_INVALID, "%s is no saved plan: %s", path, trouble.text);
	}
	free(bytes);
	return r;
}
