#include "reconcile/rulebook.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "reconcile/writes.h"

/* {26491cfc-9e50-4857-861b-0cb8df22b5d7} in msExchPolicyOptionList: it is about addresses. */
static const uint8_t address_policy[16] = { 0xfc, 0x1c, 0x49, 0x26, 0x50, 0x9e, 0x57, 0x48,
	                                    0x86, 0x1b, 0x0c, 0xb8, 0xdf, 0x22, 0xb5, 0xd7 };

static bool about_addresses(const struct entry *policy) {
	struct value v = { (const char *)address_policy, sizeof(address_policy) };

	return !entry_has(policy, ATTR_POLICY_OPTION_LIST) ||
	       entry_holds(policy, ATTR_POLICY_OPTION_LIST, v);
}

static int by_priority(const void *pa, const void *pb) {
	const struct entry *a = ((const struct recipient_rule *)pa)->object;
	const struct entry *b = ((const struct recipient_rule *)pb)->object;
	int64_t x = entry_int(a, ATTR_POLICY_ORDER, INT64_MAX);
	int64_t y = entry_int(b, ATTR_POLICY_ORDER, INT64_MAX);

	if (x != y)
		return x < y ? -1 : 1;
	return strcmp(a->normal, b->normal);
}

static int by_dn(const void *pa, const void *pb) {
	return strcmp(((const struct recipient_rule *)pa)->object->normal,
	              ((const struct recipient_rule *)pb)->object->normal);
}

static void want(void *to, const char *folded) {
	struct world *w = to;

	if (attribute_find(folded, strlen(folded)) < 0)
		world_want(w, folded);
}

/* Objects without a filter (containers of lists) stand for nobody. */
static size_t rules_of(struct world *w, const struct answer *objects, bool policies,
                       struct recipient_rule *ret) {
	size_t n = 0;

	for (size_t i = 0; i < objects->n; i++) {
		const struct entry *e = objects->entries[i];
		const char *text = entry_text(e, ATTR_PURPORTED_SEARCH);
		if (!text || !*text || (policies && !about_addresses(e)))
			continue;
		struct recipient_rule *rule = ret + n++;
		rule->object = e;
		rule->filter = filter_parse(world_arena(w), text, &rule->why);
		if (rule->filter)
			filter_names(rule->filter, want, w);
	}
	return n;
}

/* By attributeSyntax (MS-ADTS 3.1.1.2.2.2), else by LDAP's syntax (RFC 4517, 3.3.16). */
static bool holds_numbers(const char *syntax) {
	static const char *const numbers[] = { "2.5.5.9", "2.5.5.16",
		                               "1.3.6.1.4.1.1466.115.121.1.27",
		                               "1.2.840.113556.1.4.906" };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (strcmp(syntax, numbers[i]) == 0)
			return true;
	return false;
}

static void tell(const struct recipient_rule *rules, size_t n, const char *folded, bool numbers) {
	for (size_t i = 0; i < n; i++)
		if (rules[i].filter)
			filter_tell(rules[i].filter, folded, numbers);
}

/* To the filters that ask for it: which kind of values does this attribute have? */
static void tell_filters(struct world *w, struct rulebook *r, const char *name,
                         const char *syntax) {
	size_t n;
	const char *const *wanted = world_wanted(w, &n);

	for (size_t i = 0; i < n; i++)
		if (text_same(wanted[i], name)) {
			tell(r->policies, r->n_policies, wanted[i], holds_numbers(syntax));
			tell(r->lists, r->n_lists, wanted[i], holds_numbers(syntax));
		}
}

static void read_schema(struct world *w, struct rulebook *r, const struct answer *schema) {
	r->has_schema = schema->n > 0;
	for (size_t i = 0; i < schema->n; i++) {
		const struct entry *e = schema->entries[i];
		const char *name = entry_text(e, ATTR_LDAP_DISPLAY_NAME);
		const char *syntax = entry_text(e, ATTR_ATTRIBUTE_SYNTAX);
		int id = name ? attribute_find(name, strlen(name)) : -1;
		if (id >= 0)
			r->attribute_known[id] = true;
		else if (name && syntax)
			tell_filters(w, r, name, syntax);
	}
}

/* All of config_classes: few objects, and one question less for every connection. */
bool rulebook_ask(struct world *w, struct keys *needs) {
	struct answer answers[CONFIG_CLASSES];
	struct arena *a = world_arena(w);
	bool asked = true;

	if (world_rulebook(w))
		return true;
	for (int i = 0; i < CONFIG_CLASSES; i++) {
		const char *folded = text_fold(a, config_classes[i].name);
		answers[i] = world_ask(w, KEY_CLASS, folded);
		if (answers[i].state != ANSWER_NOT_ASKED)
			continue;
		keys_add(needs, KEY_CLASS, folded);
		asked = false;
	}
	if (!asked)
		return false;
	struct rulebook *r = ARENA_NEW(a, struct rulebook);
	r->policies = ARENA_ARRAY(a, struct recipient_rule, answers[CLASS_POLICIES].n + 1);
	r->lists = ARENA_ARRAY(a, struct recipient_rule, answers[CLASS_LISTS].n + 1);
	r->n_policies = rules_of(w, answers + CLASS_POLICIES, true, r->policies);
	r->n_lists = rules_of(w, answers + CLASS_LISTS, false, r->lists);
	qsort(r->policies, r->n_policies, sizeof(*r->policies), by_priority);
	qsort(r->lists, r->n_lists, sizeof(*r->lists), by_dn);
	read_schema(w, r, answers + CLASS_SCHEMA);
	world_set_rulebook(w, r);
	return true;
}
