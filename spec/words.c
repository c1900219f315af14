#include "spec/words.h"

#include "base/buf.h"
#include "base/text.h"

char *words_joined(struct arena *a, const char *const *words, const char *last) {
	struct buf out = { 0 };

	for (; *words; words++) {
		if (!**words)
			continue;
		if (out.len)
			buf_puts(&out, words[1] ? ", " : last);
		buf_puts(&out, *words);
	}
	char *joined = arena_copy(a, out.data, out.len);
	buf_done(&out);
	return joined;
}

const char *const *words_keys(struct arena *a, const struct shape *shape, bool defaults) {
	size_t n = 0;

	for (const struct field *f = shape->fields; f->key; f++)
		n++;
	const char **keys = ARENA_ARRAY(a, const char *, n + 1);
	n = 0;
	for (const struct field *f = shape->fields; f->key; f++)
		if (!defaults || (f->rules & FIELD_DEFAULTABLE))
			keys[n++] = f->key;
	return keys;
}

char *words_advice(struct arena *a, const char *word, const char *const *words, const char *what) {
	const char *nearest = text_nearest(word, words);

	if (nearest && *nearest)
		return arena_printf(a, ", did you mean \"%s\"?", nearest);
	return arena_printf(a, ": %s %s", what, words_joined(a, words, " or "));
}
