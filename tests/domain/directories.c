/*
 * Several directories of one process, kept open, asked as kerberos.py says, a request a line:
 *
 *   open NAME URI KEYTAB    a directory that is bound to by Kerberos; CACHE: without a keytab
 *   begin NAME, end NAME    a pass
 *   fetch NAME KIND TEXT    a key, as `upn john@contoso.com`; says what it finds
 *   together N              with each, at the same time, N times: begin, fetch the key that was
 *                           fetched last, end
 *
 * Answers with a line, which begins with `error: ` where it went wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "tests/directory/fixture.h"

enum { MOST = 4, TIMEOUT_S = 20 };

static struct one {
	char name[64], key[128], found[2048], said[2048];
	struct directory *directory;
	uv_thread_t thread;
	int rounds;
} ones[MOST];

static struct one *find(const char *name) {
	for (int i = 0; i < MOST; i++)
		if (strcmp(ones[i].name, name) == 0)
			return ones + i;
	return NULL;
}

static void say(struct one *o, const char *what, const char *text) {
	snprintf(o->said, sizeof(o->said), "%s%s", what, text);
}

static void open_one(struct one *o, const char *name, const char *uri, const char *keytab) {
	const struct directory_options options = {
		.uri = uri,
		.bind = { .method = BIND_GSSAPI,
		          .keytab = strcmp(keytab, "CACHE") == 0 ? NULL : keytab },
		.timeout = TIMEOUT_S
	};
	struct error err = { 0 };

	snprintf(o->name, sizeof(o->name), "%s", name);
	if (directory_new(&options, &o->directory, &err) < 0)
		say(o, "error: ", err.text);
	else
		say(o, "ok", "");
}

static void begin(struct one *o) {
	struct error err = { 0 };

	if (directory_begin(o->directory, false, &err) < 0)
		say(o, "error: ", err.text);
	else
		say(o, "ok", "");
}

static void fetch(struct one *o) {
	struct arena *a = arena_new();
	struct world *w = world_new(a);
	struct keys keys = { .arena = a };

	keys_read(&keys, o->key);
	directory_fetch(o->directory, &keys, w);
	char *text = world_text(a, w, &keys);
	text[strcspn(text, "\n")] = '\0';
	say(o, text, "");
	world_free(w);
	arena_free(a);
}

static void repeat(void *data) {
	struct one *o = data;

	for (int i = 0; i < o->rounds; i++) {
		begin(o);
		if (strcmp(o->said, "ok") == 0)
			fetch(o);
		directory_end(o->directory);
		if (strcmp(o->said, o->found) != 0)
			return;
	}
	say(o, "ok", "");
}

/* Each has to find what it found before. */
static const char *together(int rounds) {
	for (int i = 0; i < MOST; i++) {
		ones[i].rounds = rounds;
		if (ones[i].directory && uv_thread_create(&ones[i].thread, repeat, ones + i) != 0)
			return "error: no thread is left";
	}
	const char *said = "ok";
	for (int i = 0; i < MOST; i++) {
		if (!ones[i].directory)
			continue;
		uv_thread_join(&ones[i].thread);
		if (strcmp(ones[i].said, "ok") != 0)
			said = ones[i].said;
	}
	return said;
}

static const char *obey(char *line) {
	char *verb = strtok(line, " \n"), *name = strtok(NULL, " \n"), *rest = strtok(NULL, "\n");
	struct one *o = name ? find(strcmp(verb, "open") == 0 ? "" : name) : NULL;

	if (name && strcmp(verb, "together") == 0)
		return together(atoi(name));
	if (!o)
		return "error: nobody has that name";
	if (strcmp(verb, "open") == 0 && rest) {
		const char *uri = strtok(rest, " "), *keytab = strtok(NULL, " ");
		open_one(o, name, uri, keytab);
	} else if (strcmp(verb, "begin") == 0)
		begin(o);
	else if (strcmp(verb, "end") == 0) {
		directory_end(o->directory);
		say(o, "ok", "");
	} else if (strcmp(verb, "fetch") == 0 && rest) {
		snprintf(o->key, sizeof(o->key), "%s", rest);
		fetch(o);
		strcpy(o->found, o->said);
	} else
		return "error: there is no such request";
	return o->said;
}

int main(void) {
	char line[1024];

	while (fgets(line, sizeof(line), stdin)) {
		puts(obey(line));
		fflush(stdout);
	}
	for (int i = 0; i < MOST; i++)
		directory_free(ones[i].directory);
	return 0;
}
