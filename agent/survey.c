#include "agent/survey.h"

#include <string.h>

void survey_begin(struct survey *s, const struct connection *const *connections, size_t n) {
	*s = (struct survey){ .a = arena_new(), .connections = connections, .n = n };
	s->world = world_new(s->a);
	s->items = ARENA_ARRAY(s->a, struct item, n);
	s->settled = ARENA_ARRAY(s->a, bool, n);
}

void survey_end(struct survey *s) {
	if (!s->a)
		return;
	if (s->asked)
		keys_done(&s->needs);
	arena_free(s->asked);
	world_free(s->world);
	arena_free(s->a);
	*s = (struct survey){ 0 };
}

bool survey_plan(struct survey *s, const struct settings *settings, int64_t now) {
	if (s->asked)
		keys_done(&s->needs);
	arena_free(s->asked);
	s->asked = arena_new();
	keys_init(&s->needs, s->asked);
	for (size_t i = 0; i < s->n; i++) {
		if (s->settled[i])
			continue;
		struct arena_mark mark = arena_mark(s->a);
		size_t asked = s->needs.asked;
		plan_connection(s->a, s->connections[i], s->world, settings, now, &s->needs,
		                s->items + i);
		s->settled[i] = s->needs.asked == asked;
		if (!s->settled[i])
			arena_release(s->a, mark);
	}
	return s->needs.n == 0;
}
