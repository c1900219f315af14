#include "agent/service/request.h"

#include <string.h>

#include "base/buf.h"

enum who { EVERYONE, OWNER };

static const struct verb {
	const char *name;
	enum who may;
} verbs[] = {
	{ "status", EVERYONE }, { "wake", EVERYONE }, { "sync", OWNER },
	{ "suspend", OWNER },   { "resume", OWNER },
};
enum { VERBS = sizeof(verbs) / sizeof(*verbs) };

static const struct verb *find(const char *name) {
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return verbs + i;
	return NULL;
}

/* `there is no verb "x": write status, wake, sync, suspend or resume`, or "no verb is given: ..."
 */
static int no_verb(const char *given, struct error *err) {
	struct buf list = { 0 };

	for (size_t i = 0; i < VERBS; i++)
		buf_printf(&list, "%s%s",
		           i == 0           ? ""
		           : i + 1 == VERBS ? " or "
		                            : ", ",
		           verbs[i].name);
	if (given)
		(void)error_set(err, ERR_INVALID, "there is no verb \"%.40s\": write %s", given,
		                list.data);
	else
		(void)error_set(err, ERR_INVALID, "no \"verb\" is given: write %s", list.data);
	buf_done(&list);
	return ERR_INVALID;
}

int request_parse(const char *line, size_t len, struct request *ret, struct error *err) {
	json_error_t fault;

	*ret = (struct request){ 0 };
	if (len > REQUEST_BYTES_MAX)
		return error_set(err, ERR_INVALID, "the request is longer than %d KiB",
		                 REQUEST_BYTES_MAX / 1024);
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &fault);
	if (!object)
		return error_set(err, ERR_INVALID, "the request is no JSON object on one line: %s",
		                 fault.text);
	const char *given = json_string_value(json_object_get(object, "verb"));
	const struct verb *v = given ? find(given) : NULL;
	if (v) {
		*ret = (struct request){ object, v->name };
		return OK;
	}
	if (!json_is_object(object))
		(void)error_set(err, ERR_INVALID,
		                "the request is no JSON object, such as {\"verb\": \"status\"}");
	else
		(void)no_verb(given, err);
	json_decref(object);
	return ERR_INVALID;
}

bool request_allowed(const struct request *r, uid_t peer, uid_t self, struct error *err) {
	const struct verb *v = find(r->verb);

	if (v->may == EVERYONE || peer == 0 || peer == self)
		return true;
	if (self == 0)
		(void)error_set(err, ERR_CONFLICT,
		                "%s is for root alone, and you are uid %u: use sudo", v->name,
		                (unsigned)peer);
	else
		(void)error_set(err, ERR_CONFLICT,
		                "%s is for root and the agent's user (uid %u) alone, and you are "
		                "uid %u: use sudo",
		                v->name, (unsigned)self, (unsigned)peer);
	return false;
}
