/* A KDC that takes the connection and never answers keeps nobody for longer than the timeout. */
#include <arpa/inet.h>
#include <dirent.h>
#include <krb5.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "tests/directory/fixture.h"
#include "tests/test.h"

/* What hangs is left behind after the timeout and a second; the rest is for a slow machine. */
enum { TIMEOUT_S = 1, LATEST_MS = 8000, FOUR = 4, FIVE = 5 };

static struct folder folder;
/* The same is the directory's server: it lets everybody in, and says nothing. */
static int listener = -1;
static char uri[64];
static const char *keytab_file;

static int64_t now_ms(void) {
	return (int64_t)(uv_hrtime() / 1000000);
}

static int listen_somewhere(void) {
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 64), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	return ntohs(at.sin_port);
}

/* A key that no KDC knows. */
static void put_keytab(const char *path) {
	krb5_keytab_entry entry = { .vno = 1 };
	krb5_keytab keytab;
	krb5_context krb;

	assert_int_equal(krb5_init_context(&krb), 0);
	assert_int_equal(krb5_kt_resolve(krb, path, &keytab), 0);
	assert_int_equal(krb5_parse_name(krb, "svc@CONTOSO.COM", &entry.principal), 0);
	assert_int_equal(krb5_c_make_random_key(krb, ENCTYPE_AES256_CTS_HMAC_SHA1_96, &entry.key),
	                 0);
	assert_int_equal(krb5_kt_add_entry(krb, keytab, &entry), 0);
	krb5_free_keytab_entry_contents(krb, &entry);
	krb5_kt_close(krb, keytab);
	krb5_free_context(krb);
}

static int set_up(void **state) {
	(void)state;
	folder_make(&folder);
	int port = listen_somewhere();
	snprintf(uri, sizeof(uri), "ldap://127.0.0.1:%d", port);
	const char *conf =
	        folder_put(&folder, "krb5.conf",
	                   arena_printf(folder.arena,
	                                "[libdefaults]\n\tudp_preference_limit = 1\n"
	                                "\tdns_lookup_kdc = false\n\trdns = false\n[realms]\n"
	                                "\tCONTOSO.COM = {\n\t\tkdc = 127.0.0.1:%d\n\t}\n",
	                                port));
	setenv("KRB5_CONFIG", conf, 1);
	keytab_file = folder_path(&folder, "keytab");
	put_keytab(arena_printf(folder.arena, "FILE:%s", keytab_file));
	return 0;
}

static int tear_down(void **state) {
	(void)state;
	close(listener);
	folder_remove(&folder);
	return 0;
}

struct trial {
	uv_thread_t thread;
	int result;
	struct error err;
	int64_t took_ms;
};

static void try_one(void *data) {
	struct trial *t = data;
	const struct directory_options options = { .uri = uri,
		                                   .bind = { .method = BIND_GSSAPI,
		                                             .keytab = keytab_file },
		                                   .timeout = TIMEOUT_S };
	struct directory *d = NULL;
	int64_t began = now_ms();

	t->result = directory_new(&options, &d, &t->err);
	if (t->result == OK)
		t->result = directory_begin(d, false, &t->err);
	directory_free(d);
	t->took_ms = now_ms() - began;
}

static void try_many(struct trial *trials, int n) {
	for (int i = 0; i < n; i++)
		assert_int_equal(uv_thread_create(&trials[i].thread, try_one, trials + i), 0);
	for (int i = 0; i < n; i++)
		uv_thread_join(&trials[i].thread);
}

static void do_nothing(uv_work_t *work) {
	(void)work;
}

/* libuv's own threads, which resolve names, begin with the first work and stay. */
static void begin_pool(void) {
	uv_work_t work;

	assert_int_equal(uv_queue_work(uv_default_loop(), &work, do_nothing, NULL), 0);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

static int threads(void) {
	DIR *d = opendir("/proc/self/task");
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

/* The KDC sees who waits for it, and goes. All that hang notice, and try once more, in vain. */
static void answer_at_last(int n_threads) {
	struct pollfd wait = { .fd = listener, .events = POLLIN };
	int64_t until = now_ms() + 60000;

	while (threads() > n_threads && now_ms() < until)
		if (poll(&wait, 1, 10) > 0)
			close(accept(listener, NULL, NULL));
	assert_int_equal(threads(), n_threads);
	while (poll(&wait, 1, 0) > 0)
		close(accept(listener, NULL, NULL));
}

static void check_silence(const struct trial *t) {
	char *expect = arena_printf(folder.arena,
	                            "%s: Kerberos: the KDC of CONTOSO.COM did not answer within %d "
	                            "s; check that it runs and can be reached from here (port 88)",
	                            uri, TIMEOUT_S);

	assert_int_equal(t->result, ERR_IO);
	assert_string_equal(t->err.text, expect);
	assert_in_range(t->took_ms, 1000 * TIMEOUT_S, LATEST_MS);
}

/* ---- tests ---------------------------------------------------------------------------------- */

/* Twice four hang, and the process lives: who has come back counts no longer. */
static void test_who_comes_back_counts_no_longer(void **state) {
	struct trial trials[FOUR];

	(void)state;
	begin_pool();
	int before = threads();
	for (int round = 0; round < 2; round++) {
		memset(trials, 0, sizeof(trials));
		try_many(trials, FOUR);
		for (int i = 0; i < FOUR; i++)
			check_silence(trials + i);
		assert_int_equal(threads(), before + FOUR);
		answer_at_last(before);
	}
}

static void test_a_fifth_ends_the_process(void **state) {
	int out[2], status;
	char text[512] = "";

	(void)state;
	assert_int_equal(pipe(out), 0);
	pid_t child = fork();
	if (child == 0) {
		struct trial trials[FIVE] = { 0 };
		dup2(out[1], STDERR_FILENO);
		try_many(trials, FIVE);
		_exit(0);
	}
	close(out[1]);
	assert_true(read(out[0], text, sizeof(text) - 1) > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	close(out[0]);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_non_null(strstr(text, "five connections hang where they cannot be ended"));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		/* First, while this process has no threads that a child would miss. */
		cmocka_unit_test(test_a_fifth_ends_the_process),
		cmocka_unit_test(test_who_comes_back_counts_no_longer),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
