#include <stdio.h>
#include <string.h>

#include "agent/command.h"
#include "agent/service/log.h"
#include "agent/service/service.h"

int cmd_agent(const struct options *o, struct arena *a) {
	bool json = o->log_format && strcmp(o->log_format, "json") == 0;

	if (o->log_format && !json && strcmp(o->log_format, "text") != 0) {
		fprintf(stderr, "mbxctl agent: --log-format takes text or json, not \"%s\"\n",
		        o->log_format);
		return EXIT_USAGE;
	}
	log_open(json, o->verbose);
	return service_run(o, a);
}
