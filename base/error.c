#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *e, enum err code, const char *format, ...) {
	va_list args;

	e->code = code;
	va_start(args, format);
	(void)vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	return code;
}

int error_wrap(struct error *e, const char *format, ...) {
	char text[sizeof(e->text)];
	va_list args;

	va_start(args, format);
	int n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(text))
		return e->code;
	(void)snprintf(text + n, sizeof(text) - (size_t)n, ": %.*s",
	               (int)(sizeof(text) - (size_t)n - 3), e->text);
	memcpy(e->text, text, sizeof(text));
	return e->code;
}
