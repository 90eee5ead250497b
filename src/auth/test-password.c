/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/password.h"

#include <errno.h>

#include "auth/secret.h"
#include "test.h"

static struct ev *ev;
static struct pool *pool;
static struct err err;
static int left;

static void on_done(struct password_job *j)
{
	left--;
}

static void ask(struct password_job *j, enum password_want want, const char *hash,
                struct str pw)
{
	*j = (struct password_job){ .want = want, .done = on_done };
	(void)snprintf(j->hash, sizeof(j->hash), "%s", hash);
	password_set(j, pw);
	left++;
	T_EQ(password_submit(pool, j), 0);
}

static void wait_all(void)
{
	while (left > 0)
		T_EQ(ev_turn(ev, 10000, &err), 0);
}

static void verifies(void)
{
	static struct password_job a, b, c, d, e;

	auth_init();
	T_EQ(ev_new(&ev, &err), 0);
	T_EQ(pool_new(ev, PASSWORD_THREADS, PASSWORD_QUEUE, &pool, &err), 0);
	ask(&a, PASSWORD_HASH, "", STR("correct horse"));
	wait_all();
	T_EQ(a.ok, true);
	T_OK(str_starts(str_of(a.hash), STR("$argon2id$")));
	T_EQ(a.password[0], 0); /* wiped */
	ask(&b, PASSWORD_VERIFY, a.hash, STR("correct horse"));
	ask(&c, PASSWORD_VERIFY, a.hash, STR("wrong horse"));
	ask(&d, PASSWORD_VERIFY, "", STR("correct horse"));
	ask(&e, PASSWORD_VERIFY, a.hash, STR(""));
	wait_all();
	T_EQ(b.ok, true);
	T_EQ(c.ok, false);
	T_EQ(d.ok, false);
	T_EQ(e.ok, false);
	pool_free(pool);
	ev_free(ev);
}

/* An account that does not exist takes as long as one that does. */
static void costs_the_same(void)
{
	static struct password_job a, j;
	uint64_t ns[2] = { UINT64_MAX, UINT64_MAX };

	auth_init();
	T_EQ(ev_new(&ev, &err), 0);
	T_EQ(pool_new(ev, 1, PASSWORD_QUEUE, &pool, &err), 0);
	ask(&a, PASSWORD_HASH, "", STR("correct horse"));
	wait_all();
	for (int i = 0; i < 10; i++) {
		boot_ns since = time_boot_ns();

		ask(&j, PASSWORD_VERIFY, i % 2 ? a.hash : "", STR("wrong horse"));
		wait_all();
		since = time_boot_ns() - since;
		if (since < ns[i % 2])
			ns[i % 2] = since;
	}
	printf("# best of five: unknown %llu us, known %llu us\n",
	       (unsigned long long)ns[0] / 1000, (unsigned long long)ns[1] / 1000);
	T_OK(ns[0] < ns[1] * 3 && ns[1] < ns[0] * 3);
	pool_free(pool);
	ev_free(ev);
}

static void rules(void)
{
	T_EQ(password_check(STR("1234567890"), &err), 0);
	T_EQ(password_check(STR("123456789"), &err), -EINVAL);
	T_EQ(password_check(STR("123456789\xff"), &err), -EINVAL);
}

TEST_MAIN({ "a password verifies against its own hash only", verifies },
          { "an unknown account costs the same", costs_the_same },
          { "a password is long enough and UTF-8", rules })
