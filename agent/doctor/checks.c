#include "agent/doctor/checks.h"

#include <stdarg.h>

const char *const verdict_names[VERDICTS] = { "ok", "skipped", "warning", "fault" };

void check(struct checks *c, const char *name, enum verdict verdict, const char *advice,
           const char *format, ...) {
	struct check one = {
		.about = c->about, .name = name, .verdict = verdict, .advice = advice
	};
	va_list args;

	va_start(args, format);
	one.message = arena_vprintf(c->a, format, args);
	va_end(args);
	ARENA_PUSH(c->a, c, one);
}

const char *listed(struct arena *a, const struct examined_texts *list, size_t most) {
	/* One more is shorter than "1 other". */
	size_t shown = list->n <= most + 1 ? list->n : most;
	const char *text = "";

	for (size_t i = 0; i < shown; i++)
		text = arena_printf(a, "%s%s%s", text,
		                    !i                                   ? ""
		                    : i + 1 == shown && shown == list->n ? " and "
		                                                         : ", ",
		                    list->v[i]);
	return shown < list->n ? arena_printf(a, "%s and %zu others", text, list->n - shown) : text;
}
