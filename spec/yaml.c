#include "spec/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "spec/bytes.h"
#include "spec/syntax.h"

/* A collection that was opened and not yet closed. */
struct frame {
	struct node *node, *last;
	struct node *key; /* of a map: the key that waits for its value */
};

struct reader {
	struct arena *arena;
	struct source *source;
	struct diags *diags;
	yaml_parser_t parser;
	int lines; /* of the file before the parser's input */
	struct frame open[YAML_DEPTH_MAX];
	int depth;
	struct document *document; /* that is being read */
	size_t problems;           /* of the source when it began */
	struct document *first, *last;
};

static void problem(struct reader *r, struct spot at, const char *code, const char *message) {
	source_problem(r->source, r->diags, at, code, "%s", message);
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* A key that is none is told and refused: it is dropped with its value. */
static void check_key(struct reader *r, struct node *map, struct node *key) {
	if (key->kind == NODE_LIST || key->kind == NODE_MAP)
		problem(r, key->at, "yaml-key", "a key must be a text");
	else if (key->kind == NODE_TEXT && node_is_null(key))
		problem(r, key->at, "yaml-key", "the key before this colon is missing");
	else if (key->kind == NODE_TEXT && key->plain && strcmp(key->text, "<<") == 0)
		problem(r, key->at, "yaml-merge-key",
		        "a merge key is not allowed: in a manifest `defaults` serves instead");
	else if (key->kind == NODE_TEXT)
		return;
	/* What it would have brought in is not missed. */
	map->cut = true;
	if (key->kind == NODE_TEXT)
		key->kind = NODE_REFUSED;
}

static bool same_text(const struct node *a, const struct node *b) {
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static void tell_duplicate(struct reader *r, const struct node *first, const struct node *again) {
	source_problem(
	        r->source, r->diags, again->at, "duplicate-key",
	        "the key \"%s\" stands twice in this mapping, first in line %d: take one away",
	        source_quoted(r->arena, again->text, again->len), first->at.line);
}

static int by_text_and_place(const void *pa, const void *pb) {
	const struct node *a = *(const struct node *const *)pa,
	                  *b = *(const struct node *const *)pb;
	int order = strcmp(a->text, b->text);

	if (order)
		return order;
	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	return a->at.column < b->at.column ? -1 : 1;
}

static void check_many_keys(struct reader *r, const struct node *map) {
	const struct node **keys = malloc(map->len * sizeof(*keys));
	size_t n = 0;

	if (!keys)
		abort();
	for (const struct node *key = map->first; key; key = key->next)
		keys[n++] = key;
	qsort(keys, n, sizeof(*keys), by_text_and_place);
	for (size_t i = 1, first = 0; i < n; i++) {
		if (same_text(keys[first], keys[i]) && !source_is_full(r->source))
			tell_duplicate(r, keys[first], keys[i]);
		else
			first = i;
	}
	free(keys);
}

static void check_duplicates(struct reader *r, const struct node *map) {
	enum { FEW = 16 };

	if (map->len > FEW) {
		check_many_keys(r, map);
		return;
	}
	for (const struct node *key = map->first; key; key = key->next)
		for (const struct node *first = map->first; first != key; first = first->next)
			if (same_text(first, key)) {
				tell_duplicate(r, first, key);
				break;
			}
}

/* ---- the tree -------------------------------------------------------------------------------- */

/* `more`: bytes that lie right behind it. */
static struct node *node_new(struct reader *r, const yaml_event_t *event, enum node_kind kind,
                             size_t more) {
	struct node *node = arena_alloc(r->arena, 1, sizeof(*node) + more);

	node->kind = (unsigned char)kind;
	node->at = (struct spot){ (int)event->start_mark.line + r->lines + 1,
		                  (int)event->start_mark.column + 1 };
	return node;
}

static void append(struct frame *frame, struct node *node) {
	if (frame->last)
		frame->last->next = node;
	else
		frame->node->first = node;
	frame->last = node;
	frame->node->len++;
}

static void add(struct reader *r, struct node *node) {
	struct frame *frame = r->open + r->depth - 1;

	if (r->depth == 0) {
		r->document->root = node;
	} else if (frame->node->kind == NODE_LIST) {
		append(frame, node);
	} else if (!frame->key) {
		frame->key = node;
		check_key(r, frame->node, node);
	} else {
		frame->key->value = node;
		if (frame->key->kind == NODE_TEXT)
			append(frame, frame->key);
		frame->key = NULL;
	}
}

static void refuse_properties(struct reader *r, struct spot at, const yaml_char_t *anchor,
                              const yaml_char_t *tag) {
	if (anchor)
		problem(r, at, "yaml-anchor",
		        "an anchor is not allowed (in a manifest `defaults` serves instead): "
		        "take it away, or quote a text that begins with &");
	if (tag)
		problem(r, at, "yaml-tag",
		        "a tag is not allowed: take it away, or quote a text that begins with !");
}

static void add_text(struct reader *r, const yaml_event_t *event) {
	size_t len = event->data.scalar.length;
	struct node *node = node_new(r, event, NODE_TEXT, len + 1);

	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->len = (unsigned)len;
	node->text = memcpy(node + 1, event->data.scalar.value, len);
	refuse_properties(r, node->at, event->data.scalar.anchor, event->data.scalar.tag);
	/* `!Important` alone is a tag of nothing: told once is enough. */
	if ((event->data.scalar.anchor || event->data.scalar.tag) && node_is_null(node))
		node->kind = NODE_REFUSED;
	add(r, node);
}

static void add_alias(struct reader *r, const yaml_event_t *event) {
	struct node *node = node_new(r, event, NODE_REFUSED, 0);

	problem(r, node->at, "yaml-alias",
	        "an alias is not allowed (in a manifest `defaults` serves instead): take it away, "
	        "or quote a text that begins with *");
	add(r, node);
}

/* False: too deep. */
static bool open_collection(struct reader *r, const yaml_event_t *event) {
	bool map = event->type == YAML_MAPPING_START_EVENT;
	struct node *node = node_new(r, event, map ? NODE_MAP : NODE_LIST, 0);

	if (r->depth == YAML_DEPTH_MAX) {
		source_problem(r->source, r->diags, node->at, "too-deep",
		               "lists and mappings are nested deeper than %d here", YAML_DEPTH_MAX);
		return false;
	}
	if (map)
		refuse_properties(r, node->at, event->data.mapping_start.anchor,
		                  event->data.mapping_start.tag);
	else
		refuse_properties(r, node->at, event->data.sequence_start.anchor,
		                  event->data.sequence_start.tag);
	add(r, node);
	r->open[r->depth++] = (struct frame){ .node = node };
	return true;
}

static void close_collection(struct reader *r) {
	struct frame *frame = r->open + --r->depth;

	if (frame->node->kind == NODE_MAP)
		check_duplicates(r, frame->node);
}

/* ---- documents ------------------------------------------------------------------------------- */

static void begin_document(struct reader *r) {
	r->document = ARENA_NEW(r->arena, struct document);
	r->problems = r->source->problems;
	r->depth = 0;
}

static void end_document(struct reader *r) {
	struct document *document = r->document;

	r->document = NULL;
	if (!document || !document->root || node_is_null(document->root))
		return;
	document->faulty = r->source->problems > r->problems;
	if (r->last)
		r->last->next = document;
	else
		r->first = document;
	r->last = document;
}

/* What was read last may have been closed, or cut short, by what could not be read. */
static void cut_to_the_end(struct node *n, int line) {
	while (n && n->kind != NODE_TEXT && n->kind != NODE_REFUSED) {
		struct node *last = n->first;
		n->cut = true;
		while (last && last->next)
			last = last->next;
		n = last && last->value ? last->value : last;
	}
	if (n && n->kind == NODE_TEXT && n->at.line == line)
		n->kind = NODE_REFUSED;
}

/*
 * The file broke off in this line: what was read is kept, and what is open is not missed. Between
 * two documents, what could not be read was meant for the first.
 */
static int break_off(struct reader *r, int line) {
	struct document *document = r->document ? r->document : r->last;

	if (document) {
		cut_to_the_end(document->root, line);
		document->faulty = true;
	}
	while (r->depth > 0)
		close_collection(r);
	end_document(r);
	return line;
}

/* False: nothing more can be read from this parser. */
static bool take(struct reader *r, const yaml_event_t *event) {
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		begin_document(r);
		return true;
	case YAML_DOCUMENT_END_EVENT:
		end_document(r);
		return true;
	case YAML_SCALAR_EVENT:
		add_text(r, event);
		return true;
	case YAML_ALIAS_EVENT:
		add_alias(r, event);
		return true;
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return open_collection(r, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_collection(r);
		return true;
	case YAML_STREAM_END_EVENT:
		return false;
	default:
		return true;
	}
}

/* Returns the line at which reading stopped before the end; 0: it did not. */
static int read_events(struct reader *r) {
	yaml_event_t event;

	while (yaml_parser_parse(&r->parser, &event)) {
		bool more = take(r, &event), ended = event.type == YAML_STREAM_END_EVENT;
		int line = (int)event.start_mark.line + r->lines + 1;
		yaml_event_delete(&event);
		if (!more || source_is_full(r->source))
			return ended ? 0 : break_off(r, line);
	}
	if (r->parser.error == YAML_MEMORY_ERROR)
		abort();
	return break_off(r, syntax_problem(&r->parser, r->source, r->diags, r->lines));
}

static int read_stream(struct reader *r, const char *text, size_t len) {
	if (!yaml_parser_initialize(&r->parser))
		abort();
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)text, len);
	int line = read_events(r);
	yaml_parser_delete(&r->parser);
	return line;
}

static bool begins_document(const char *line, const char *end) {
	return end - line >= 3 && memcmp(line, "---", 3) == 0 &&
	       (end - line == 3 || strchr(" \t\r\n", line[3]));
}

/* The next document that begins behind a line of the file; NULL: there is none. */
static const char *next_document(struct reader *r, const char *text, const char *end, int line) {
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		text = stop ? stop + 1 : end;
		r->lines++;
		if (r->lines >= line && begins_document(text, end))
			return text;
	}
	return NULL;
}

struct document *yaml_read(struct arena *scratch, struct source *s, struct diags *diags) {
	struct reader r = { .arena = scratch, .source = s, .diags = diags };
	size_t len = 0, problems = s->problems;
	const char *text = bytes_cleaned(scratch, s, diags, &len), *end = len ? text + len : text;
	bool faulty = s->problems > problems;

	while (text && !source_is_full(s)) {
		int line = read_stream(&r, text, (size_t)(end - text));
		if (!line)
			break;
		text = next_document(&r, text, end, line);
	}
	for (struct document *d = r.first; d && faulty; d = d->next)
		d->faulty = true;
	return r.first;
}

/* ---- asking ---------------------------------------------------------------------------------- */

const struct node *node_key(const struct node *map, const char *name) {
	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (const struct node *key = map->first; key; key = key->next)
		if (*key->text == *name && strcmp(key->text, name) == 0 && strlen(name) == key->len)
			return key;
	return NULL;
}

bool node_is_null(const struct node *n) {
	if (n->kind != NODE_TEXT || !n->plain)
		return false;
	return n->len == 0 || (n->len == 1 && *n->text == '~') ||
	       (n->len == 4 && memcmp(n->text, "null", 4) == 0);
}
