/* SPDX-License-Identifier: Apache-2.0 */
/* login, logout, whoami, version. */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <termios.h>

#include "cli/api.h"
#include "cli/cred.h"
#include "cli/text.h"

#define SECRET_MAX      ((size_t)4096)
#define EXPIRES_DEFAULT (UINT64_C(90) * 86400)

/* One line of standard input, without its end. */
static int read_line(struct buf *b)
{
	char c;
	ssize_t n;

	while ((n = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n')
		buf_put_c(b, c);
	if (n < 0)
		return -errno;
	if (buf_len(b) && buf_str(b).ptr[buf_len(b) - 1] == '\r')
		b->end_--;
	return buf_error(b);
}

/* A secret never stands on a command line: it is asked for, unseen. */
static const char *ask(struct cli *c, const char *what, bool hidden)
{
	struct buf b = BUF(SECRET_MAX);
	struct termios old, quiet;
	bool tty = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &old) == 0;
	char *ret = NULL;

	if (tty) {
		(void)fprintf(stderr, "%s: ", what);
		(void)fflush(stderr);
		quiet = old;
		if (hidden)
			quiet.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	if (read_line(&b) == 0 && buf_len(&b))
		ret = arena_strz(&c->arena, buf_str(&b));
	if (tty) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
		if (hidden)
			(void)fputc('\n', stderr);
	}
	if (b.ptr_)
		explicit_bzero(b.ptr_, b.cap_);
	buf_fini(&b);
	return ret;
}

static int credentials_of(struct cli *c, struct jsonw *w)
{
	const char *code = cli_option(c, "code"), *email = cli_option(c, "email"), *password;

	if (code && email)
		return cli_say(c, CLI_USAGE, "give --code or --email, not both");
	if (email) {
		password = ask(c, "Password", true);
		if (!password)
			return cli_say(c, CLI_USAGE, "no password was given");
		jw_kv_z(w, "email", email);
		jw_kv_z(w, "password", password);
		return CLI_OK;
	}
	if (!code || str_is(str_of(code), "-"))
		code = ask(c, "One-time sign-in code", false);
	if (!code)
		return cli_say(c, CLI_USAGE, "give --code CODE or --email EMAIL");
	jw_kv_z(w, "code", code);
	return CLI_OK;
}

static int find_url(struct cli *c)
{
	const char *env = getenv("CARREL_URL");
	struct err err = ERR_NONE;
	struct cred cred = { 0 };

	if (c->argc || (env && *env)) {
		if (cred_url(&c->arena, str_of(c->argc ? c->argv[0] : env), &c->url, &err) < 0)
			return cli_say(c, CLI_USAGE, "%s", err.msg);
	} else if (cred_load(&c->arena, &cred, NULL) == 0) {
		c->url = cred.url;
	} else {
		return cli_say(c, CLI_USAGE,
		               "which hub? For example: carrel login http://localhost:8888");
	}
	if (str_starts(str_of(c->url), STR("http://")) && !cred_url_is_local(c->url))
		cli_note(c,
		         "Warning: %s is not encrypted; others on the way can read your token.",
		         c->url);
	return CLI_OK;
}

static struct str login_body(struct cli *c, int *ret)
{
	const char *name = cli_option(c, "name"), *expires = cli_option(c, "expires");
	uint64_t seconds = EXPIRES_DEFAULT;
	struct err err = ERR_NONE;
	struct buf b = BUF(4 * SECRET_MAX);
	struct jsonw w = JSONW(&b);
	char host[64] = "a computer";
	struct str body;

	if (expires && duration_parse(str_of(expires), &seconds, &err) < 0) {
		*ret = cli_say(c, CLI_USAGE, "--expires: %s", err.msg);
		return STR_NONE;
	}
	if (!name) {
		(void)gethostname(host, sizeof(host) - 1);
		name = arena_printf(&c->arena, "carrel on %s", host).ptr;
	}
	jw_obj(&w);
	*ret = credentials_of(c, &w);
	jw_kv_z(&w, "grant", "token");
	jw_kv_z(&w, "name", name);
	jw_kv_u64(&w, "expires_in_seconds", seconds);
	jw_obj_end(&w);
	body = *ret == CLI_OK ? arena_str(&c->arena, buf_str(&b)) : STR_NONE;
	if (b.ptr_)
		explicit_bzero(b.ptr_, b.cap_);
	buf_fini(&b);
	return body;
}

int cmd_login(struct cli *c)
{
	struct api_request q = { .method = "POST", .path = "/login" };
	struct api_reply made, me;
	struct err err = ERR_NONE;
	struct cred cred;
	int r = find_url(c);

	if (r != CLI_OK)
		return r;
	q.body = login_body(c, &r);
	if (r == CLI_OK)
		r = api_call(c, &q, &made);
	if (r != CLI_OK)
		return r;
	cred = (struct cred){ c->url,
		              arena_strz(&c->arena, json_str_or(made.json, "token", STR(""))) };
	if (!cred.token || !*cred.token)
		return cli_say(c, CLI_FAILED,
		               "%s gave no token; is it a Carrel hub of this version?", c->url);
	c->token = cred.token;
	r = api_get(c, &me, "/me");
	if (r != CLI_OK)
		return r;
	if (cred_save(&c->arena, &cred, &err) < 0)
		return cli_say(c, CLI_FAILED, "the token can't be kept: %s", err.msg);
	if (c->json)
		cli_json(me.body);
	else
		printf("Signed in at %s as %s.\n", c->url,
		       cli_text(c, json_get(me.json, "account"), "email"));
	return CLI_OK;
}

/* Forgets the token here even if the hub can't be told. */
int cmd_logout(struct cli *c)
{
	struct api_request q = {
		.method = "POST", .path = "/logout", .body = STR("{}"), .quiet = true
	};
	struct api_reply reply;
	struct err err = ERR_NONE;
	struct cred cred = { 0 };
	bool ended = false;
	int r = cred_load(&c->arena, &cred, &err);

	if (r == -ENOENT)
		return cli_say(c, CLI_NOT_ALLOWED, "you are not signed in");
	if (r == 0) {
		c->url = cred.url;
		c->token = cred.token;
		ended = api_call(c, &q, &reply) == CLI_OK || reply.status == 401;
	}
	if (cred_remove(&c->arena, &err) < 0)
		return cli_say(c, CLI_FAILED, "%s", err.msg);
	if (!ended)
		return cli_say(c, CLI_UNREACHABLE,
		               "the token is forgotten here, but %s could not be told to end "
		               "it; revoke it there",
		               cred.url ? cred.url : "the hub");
	if (c->json)
		cli_json(STR("{\"signed_out\":true}"));
	else
		printf("Signed out of %s.\n", cred.url);
	return CLI_OK;
}

int cmd_whoami(struct cli *c)
{
	const struct json *account;
	struct api_reply me;
	int r = api_open(c);

	if (r == CLI_OK)
		r = api_get(c, &me, "/me");
	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(me.body);
		return CLI_OK;
	}
	account = json_get(me.json, "account");
	printf("%s", cli_text(c, account, "email"));
	if (json_str_or(account, "name", STR("")).len)
		printf(" (%s)", cli_text(c, account, "name"));
	printf("%s at %s\n",
	       str_is(str_of(cli_text(c, account, "admin")), "yes") ? ", administrator," : "",
	       c->url);
	json_for_each(warning, json_get(me.json, "warnings"))
	{
		if (warning->type == JSON_STRING)
			cli_note(c, "Warning: %.*s", STR_ARG(warning->text));
	}
	return CLI_OK;
}

int cmd_version(struct cli *c)
{
	if (c->json)
		printf("{\"carrel\":\"%s\",\"libcurl\":\"%s\"}\n", CARREL_VERSION,
		       curl_version_info(CURLVERSION_NOW)->version);
	else
		printf("carrel %s (libcurl %s)\n", CARREL_VERSION,
		       curl_version_info(CURLVERSION_NOW)->version);
	return CLI_OK;
}
