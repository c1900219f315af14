/* The first half of a pass: the manifests, the store and the directory are read. */
#include <string.h>

#include "agent/manifests.h"
#include "agent/pass.h"
#include "agent/revision.h"

static void begin_survey(struct pass *p) {
	p->list = ARENA_ARRAY(p->a, const struct connection *, p->connections.n + 1);
	for (size_t i = 0; i < p->connections.n; i++)
		p->list[i] = p->connections.v + i;
	survey_begin(&p->survey, p->list, p->undone, p->connections.n);
}

static void read_saved(struct pass *p) {
	if (saved_read(p->a, p->saved_path, &p->saved, &p->error) < 0) {
		pass_fail(p, p->error.code == ERR_CONFLICT ? EXIT_REFUSED : EXIT_USAGE);
		return;
	}
	p->undo_run = p->saved.undo_run;
	p->connections = p->saved.connections;
	if (!p->undo_run)
		begin_survey(p);
}

/* What the run did becomes what is to be taken back. */
static void read_run(struct pass *p) {
	struct done *done;
	size_t n;

	if (inventory_done(p->inventory, p->a, p->undo_run, &done, &n, &p->error) < 0) {
		pass_fail(p, p->error.code == ERR_INVALID ? EXIT_USAGE : EXIT_UNREACHABLE);
		return;
	}
	p->connections = (struct connections){ 0 };
	p->undone = ARENA_ARRAY(p->a, const struct done *, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct connection c = undo_connection_of(p->a, done + i);
		ARENA_PUSH(p->a, &p->connections, c);
		p->undone[i] = done + i;
	}
	begin_survey(p);
}

void pass_read(struct pass *p) {
	if (p->saved_path) {
		read_saved(p);
		return;
	}
	if (p->undo_run)
		return;
	if (p->agent) {
		p->connections = *p->agent->connections;
		begin_survey(p);
		return;
	}
	p->diags.arena = p->a;
	manifests_read(p->a, p->s->paths, &p->s->config, &p->connections, &p->files, &p->diags);
	if (p->diags.n) {
		pass_fail(p, EXIT_MANIFEST);
		return;
	}
	if (p->writes)
		p->revision = revision_of_paths(p->a, p->s->paths);
	begin_survey(p);
}

/* The agent opens the store for writing only where there is something to write. */
bool pass_opens_to_write(const struct pass *p) {
	return p->writes && !p->agent;
}

static void look_for_intents(struct pass *p) {
	struct open_intent *ignored;
	size_t n = 0;

	if (inventory_open_intents(p->inventory, p->a, &ignored, &n, &p->error) < 0)
		pass_fail(p, EXIT_UNREACHABLE);
	p->unsettled = n > 0;
}

void pass_open(struct pass *p) {
	enum inventory_mode mode = pass_opens_to_write(p) ? INVENTORY_WRITE : INVENTORY_READ;

	if (directories_new(p->s, p->away, &p->directories, &p->error) < 0)
		pass_fail(p, EXIT_CONFIG);
	else if (inventory_open(p->s->store, mode, &p->inventory, &p->error) < 0)
		pass_fail(p, EXIT_UNREACHABLE);
	else if (p->undo_run)
		read_run(p);
	else if (p->agent && p->writes)
		look_for_intents(p);
}

/* ERR_LOCKED is not an end: the step is taken again. */
void pass_take_lock(struct pass *p) {
	const char *path = arena_printf(p->a, "%s.run", p->s->store);

	/* Who has the lock cannot write while somebody reads. */
	inventory_end(p->inventory);
	if (lock_try(path, p->agent ? "agent" : "apply", &p->lock, &p->error) < 0) {
		if (p->error.code != ERR_LOCKED)
			pass_fail(p, EXIT_UNREACHABLE);
		return;
	}
	if (pass_opens_to_write(p))
		return;
	p->inventory = inventory_close(p->inventory);
	if (inventory_open(p->s->store, INVENTORY_WRITE, &p->inventory, &p->error) < 0)
		pass_fail(p, EXIT_UNREACHABLE);
}

/* ERR_LOCKED is not an end: the step is taken again. */
void pass_begin(struct pass *p) {
	if (directories_begin(p->directories, p->looking, &p->error) == OK)
		return;
	directories_end(p->directories);
	if (p->error.code != ERR_LOCKED)
		pass_fail_unreachable(p);
}

/* Under the lock nobody writes the tables but this run, and it writes each connection once. */
static int load_once(struct pass *p) {
	int r;

	if (p->tables) {
		r = inventory_look(p->inventory, &p->error);
	} else {
		p->tables = world_new(p->a);
		r = inventory_load(p->inventory, p->tables, &p->error);
	}
	world_share_tables(p->look.world, p->tables);
	return r;
}

void pass_load(struct pass *p) {
	directories_renew(p->directories);
	int r = p->looking ? load_once(p)
	                   : inventory_load(p->inventory, p->survey.world, &p->error);

	if (r < 0)
		pass_fail(p, EXIT_UNREACHABLE);
	else if (p->agent && !p->looking)
		p->agent->loaded(p);
}
