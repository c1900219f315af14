#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "spec/address.h"
#include "spec/connection_decode.h"

struct entry {
	const char *folded;
	const struct node *node;
};

static bool usable(struct decoder *d, const struct node *n) {
	return n->kind == NODE_TEXT && !address_fault(d->scratch, n->text);
}

static int by_text_and_place(const void *pa, const void *pb) {
	const struct entry *a = pa, *b = pb;
	int order = strcmp(a->folded, b->folded);

	if (order)
		return order;
	if (a->node->at.line != b->node->at.line)
		return a->node->at.line < b->node->at.line ? -1 : 1;
	return a->node->at.column < b->node->at.column ? -1 : 1;
}

static size_t gather(struct decoder *d, const struct node *list, struct entry *entries) {
	size_t n = 0;

	for (const struct node *item = list->first; item; item = item->next)
		if (usable(d, item))
			entries[n++] = (struct entry){ text_fold(d->scratch, item->text), item };
	return n;
}

static void check_primary(struct decoder *d, const struct entry *entries, size_t n) {
	const struct node *primary = NULL;

	for (const struct entry *e = entries; e < entries + n; e++) {
		if (!address_is_primary(e->node->text))
			continue;
		if (primary)
			decode_problem(d, e->node->at, "primary-twice",
			               "\"%s\" is a second primary address, the first is in line "
			               "%d: write smtp: for one of them",
			               decode_quoted(d, e->node), primary->at.line);
		else
			primary = e->node;
	}
}

/* Sorts them. */
static void check_duplicates(struct decoder *d, struct entry *entries, size_t n) {
	qsort(entries, n, sizeof(*entries), by_text_and_place);
	for (size_t i = 1, first = 0; i < n; i++) {
		if (strcmp(entries[first].folded, entries[i].folded) != 0) {
			first = i;
			continue;
		}
		decode_problem(d, entries[i].node->at, "address-twice",
		               "address \"%s\" is listed twice, first in line %d: take one away",
		               decode_quoted(d, entries[i].node), entries[first].node->at.line);
	}
}

void addresses_check(struct decoder *d, const struct node *list) {
	if (list->kind != NODE_LIST || list->len < 2)
		return;
	struct entry *entries = ARENA_ARRAY(d->scratch, struct entry, list->len);
	size_t n = gather(d, list, entries);
	check_primary(d, entries, n);
	check_duplicates(d, entries, n);
}
