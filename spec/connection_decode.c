#include "spec/connection_decode.h"

/* The value of a key of a map; NULL where there is none. */
static const struct node *value_of(const struct node *map, const char *key) {
	const struct node *found = node_key(map, key);

	return found ? found->value : NULL;
}

static struct spot spot_of(const struct node *n) {
	return n ? n->at : (struct spot){ 0 };
}

static struct place place_of(struct decoder *d, const struct node *n) {
	return n ? source_place(d->source, n->at) : (struct place){ 0 };
}

/* retention and managedFolder are one attribute of the directory: it holds one link. */
static void check_exclusive(struct decoder *d, const struct node *map,
                            const struct policy_wish *policies) {
	const struct node *key = node_key(value_of(map, "policies"), "managedFolder");

	if (policies[POLICY_RETENTION].how == SET && policies[POLICY_MANAGED_FOLDER].how == SET)
		decode_problem(d, key->at, "exclusive-fields",
		               "retention and managedFolder exclude each other: take one away, or "
		               "write null for it");
}

void defaults_decode(struct decoder *d, const struct node *node, struct defaults *ret) {
	*ret = (struct defaults){ .node = node };
	if (!node)
		return;
	d->defaults = true;
	/* A default type linked that lacks a master account is no fault: that is each one's own. */
	decode_map(d, node, &defaults_shape, &ret->c);
	d->defaults = false;
	check_exclusive(d, node, ret->c.policies);
	for (int kind = 0; kind < POLICY_KINDS; kind++)
		ret->c.policies[kind].defaulted = ret->c.policies[kind].how != UNMANAGED;
}

/* ---- archives -------------------------------------------------------------------------------- */

/* An archive has nothing of its own but its place; type user alone may be written, it says so. */
static void check_archive(struct decoder *d, const struct node *node, const struct connection *c) {
	static const char *const refused[] = { "alias", "addresses", "policies", NULL };
	const struct node *type = value_of(node, "type"), *linked = node_key(node, "linked");

	if (c->type != TYPE_NONE && c->type != TYPE_USER)
		decode_problem(d, type->at, "misplaced-field",
		               "an archive has no type of its own: take type away");
	for (size_t i = 0; refused[i]; i++) {
		const struct node *key = node_key(node, refused[i]);
		if (key)
			decode_problem(d, key->at, "misplaced-field",
			               "an archive has no %s of its own: write it with the "
			               "connection of the primary mailbox",
			               refused[i]);
	}
	if (linked && c->type != TYPE_LINKED)
		decode_problem(
		        d, linked->at, "misplaced-field",
		        "linked goes with type: linked alone, and an archive is never linked");
}

/* ---- linked ---------------------------------------------------------------------------------- */

static void merge_linked(struct connection *c, const struct node *own,
                         const struct defaults *defaults) {
	const struct node *theirs = value_of(defaults->node, "linked");
	bool own_host = node_key(own, "domainController"),
	     own_credential = node_key(own, "credential");

	if (!own_host)
		c->linked.domain_controller = defaults->c.linked.domain_controller;
	if (!own_credential)
		c->linked.credential = defaults->c.linked.credential;
	c->linked.domain_controller_at =
	        spot_of(value_of(own_host ? own : theirs, "domainController"));
	c->linked.credential_at = spot_of(value_of(own_credential ? own : theirs, "credential"));
}

/* Is there neither this key of linked nor one by which it was meant? */
static bool lacks(struct decoder *d, const struct node *linked, const char *key) {
	const struct shape *shape = field_find(&connection_shape, "linked")->shape;

	return !node_key(linked, key) && !(linked && decode_misspelt(d, linked, shape, key));
}

static void check_linked(struct decoder *d, const struct node *node, const struct node *own,
                         const struct defaults *defaults) {
	const struct node *theirs = value_of(defaults->node, "linked");

	if (node->cut || (own && (own->kind != NODE_MAP || own->cut)))
		return;
	if (lacks(d, own, "masterAccount"))
		decode_problem(d, own ? own->at : node->at, "missing-field",
		               "type linked needs linked.masterAccount: the account in the account "
		               "forest that the mailbox is linked to");
	if (lacks(d, own, "domainController") && !node_key(theirs, "domainController"))
		decode_problem(d, own ? own->at : node->at, "missing-field",
		               "type linked needs linked.domainController, here or in defaults: a "
		               "host in the account forest");
}

static void take_linked(struct decoder *d, const struct node *node, struct connection *c,
                        const struct defaults *defaults) {
	const struct node *key = node_key(node, "linked"), *own = key ? key->value : NULL;

	if (c->type == TYPE_LINKED) {
		c->linked.at = key ? key->at : node->at;
		check_linked(d, node, own, defaults);
		merge_linked(c, own, defaults);
		return;
	}
	if (key)
		decode_problem(
		        d, key->at, "misplaced-field",
		        "linked goes with type: linked alone: write that, or take linked away");
}

/* ---- policies -------------------------------------------------------------------------------- */

static bool displaced(const struct connection *c, int kind) {
	if (kind == POLICY_RETENTION)
		return c->policies[POLICY_MANAGED_FOLDER].how == SET &&
		       !c->policies[POLICY_MANAGED_FOLDER].defaulted;
	if (kind == POLICY_MANAGED_FOLDER)
		return c->policies[POLICY_RETENTION].how == SET &&
		       !c->policies[POLICY_RETENTION].defaulted;
	return kind == POLICY_ADDRESS_BOOK && c->type != TYPE_NONE && c->type != TYPE_USER;
}

static void take_policies(struct decoder *d, const struct node *node, struct connection *c,
                          const struct defaults *defaults) {
	const struct node *own = value_of(node, "policies");
	const struct node *address_book = node_key(own, "addressBook");

	check_exclusive(d, node, c->policies);
	if (address_book && c->type != TYPE_NONE && c->type != TYPE_USER)
		decode_problem(d, address_book->at, "misplaced-field",
		               "addressBook goes with type user alone, not with %s: take it away",
		               recipient_type_names[c->type]);
	for (int kind = 0; kind < POLICY_KINDS; kind++)
		if (c->policies[kind].how == UNMANAGED && !displaced(c, kind))
			c->policies[kind] = defaults->c.policies[kind];
}

/* ---- the connection -------------------------------------------------------------------------- */

/* A type that could not be read is no reason to complain of what goes with a type. */
static bool type_is_read(const struct node *node, const struct connection *c,
                         const struct defaults *defaults) {
	if (node_key(node, "type"))
		return c->type != TYPE_NONE;
	return defaults->c.type != TYPE_NONE || !node_key(defaults->node, "type");
}

static void take_database(struct decoder *d, const struct node *node, struct connection *c,
                          const struct defaults *defaults) {
	bool given = node_key(node, "database") || node_key(defaults->node, "database");

	if (!node_key(node, "database"))
		c->database = defaults->c.database;
	if (!given && !node->cut && !decode_misspelt(d, node, &connection_shape, "database") &&
	    !(defaults->node && defaults->node->kind == NODE_MAP &&
	      decode_misspelt(d, defaults->node, &defaults_shape, "database")))
		decode_problem(d, node->at, "missing-field",
		               "a connection needs database, here or in defaults: the mailbox "
		               "database that holds the mailbox: name, DN or GUID");
}

static void take_domain_controller(const struct node *node, struct connection *c,
                                   const struct defaults *defaults) {
	bool own = node_key(node, "domainController");

	if (!own)
		c->domain_controller = defaults->c.domain_controller;
	c->domain_controller_at =
	        spot_of(value_of(own ? node : defaults->node, "domainController"));
}

/* What a connection has by its type; an archive has none of it. */
static void take_typed(struct decoder *d, const struct node *node, struct connection *c,
                       const struct defaults *defaults) {
	if (c->archive) {
		check_archive(d, node, c);
		return;
	}
	bool read = type_is_read(node, c, defaults);
	c->type_defaulted = !node_key(node, "type");
	if (c->type_defaulted)
		c->type = defaults->c.type;
	if (!read)
		return;
	take_linked(d, node, c, defaults);
	take_policies(d, node, c, defaults);
}

bool connection_decode(struct decoder *d, const struct node *node, const struct defaults *defaults,
                       struct connection *ret) {
	*ret = (struct connection){ .at = source_place(d->source, node->at), .source = d->source };
	decode_map(d, node, &connection_shape, ret);
	if (node->kind != NODE_MAP)
		return false;
	if (ret->addresses)
		addresses_check(d, value_of(node, "addresses"));
	take_database(d, node, ret, defaults);
	take_domain_controller(node, ret, defaults);
	take_typed(d, node, ret, defaults);
	ret->mailbox_at = place_of(d, value_of(node, "mailbox"));
	ret->user_at = place_of(d, value_of(node, "user"));
	ret->name_at = spot_of(value_of(node, ret->name ? "name" : "mailbox"));
	if (!ret->name && ret->mailbox)
		ret->name = ret->archive ? arena_printf(d->keep, "%s (archive)", ret->mailbox)
		                         : ret->mailbox;
	return ret->mailbox != NULL;
}
