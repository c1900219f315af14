#include <csv.h>
#include <git2.h>
#include <jansson.h>
#include <ldap.h>
#include <microhttpd.h>
#include <nettle/version.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistring/version.h>
#include <uv.h>
#include <yaml.h>

#include "agent/command.h"
#include "agent/saved.h"
#include "agent/service/status.h"
#include "reconcile/render.h"
#include "store/inventory/schema.h"

/* Of the library that is there, not of its header. */
static void print_libgit2(void) {
	int major, minor, patch;

	git_libgit2_version(&major, &minor, &patch);
	printf("libgit2       %d.%d.%d\n", major, minor, patch);
}

int cmd_version(const struct options *o, struct arena *a) {
	LDAPAPIInfo info = { .ldapai_info_version = LDAP_API_INFO_VERSION };

	(void)o;
	(void)a;
	printf("mbxctl %s\n\n", MBXCTL_VERSION);
	printf("manifest      mbxctl/v1\nconfig        mbxctl/v1\nplan          " RENDER_FORMAT
	       "\nsaved plan    " SAVED_FORMAT "\nexplanation   " EXPLAIN_FORMAT
	       "\nstatus        " STATUS_FORMAT "\nstore         %d\n\n",
	       SCHEMA_VERSION);
	printf("libyaml       %s\n", yaml_get_version_string());
	if (ldap_get_option(NULL, LDAP_OPT_API_INFO, &info) == LDAP_SUCCESS) {
		printf("libldap       %d.%d.%d\n", info.ldapai_vendor_version / 10000,
		       info.ldapai_vendor_version / 100 % 100, info.ldapai_vendor_version % 100);
		ldap_memfree(info.ldapai_vendor_name);
		ber_memvfree((void **)info.ldapai_extensions);
	}
	printf("sqlite        %s\n", sqlite3_libversion());
	printf("libuv         %s\n", uv_version_string());
	printf("jansson       %s\n", jansson_version_str());
	printf("libcsv        %d.%d.%d\n", CSV_MAJOR, CSV_MINOR, CSV_RELEASE);
	printf("libunistring  %d.%d\n", _libunistring_version >> 16,
	       _libunistring_version >> 8 & 0xff);
	printf("nettle        %d.%d\n", nettle_version_major(), nettle_version_minor());
	printf("libmicrohttpd %s\n", MHD_get_version());
	print_libgit2();
	return EXIT_DONE;
}
