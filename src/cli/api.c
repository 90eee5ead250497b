/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/api.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/rand.h"
#include "base/time.h"
#include "cli/cred.h"

#define ANSWER_MAX ((size_t)64 << 20)
#define CONNECT_MS 10000L
#define CALL_MS    120000L
#define SLOW_MS    600000L
/* An edge that is being restarted cuts a connection; it is back in a second. */
#define TRIES    4
#define RETRY_MS 400

static const char *token_of_file(struct cli *c, const char *path, struct err *err)
{
	struct buf b = BUF(4096);
	char *token = NULL;

	if (file_read(AT_FDCWD, path, &b, err) == 0) {
		struct str s = buf_str(&b);

		while (s.len && (s.ptr[s.len - 1] == '\n' || s.ptr[s.len - 1] == '\r'))
			s.len--;
		token = s.len ? arena_strz(&c->arena, s) : NULL;
		if (!token)
			(void)ERR(err, -EINVAL, "%s: there is no token in it", path);
	}
	buf_fini(&b);
	return token;
}

static int find_token(struct cli *c, const struct cred *cred, struct err *err)
{
	const char *file = getenv("CARREL_TOKEN_FILE");

	if (file && *file) {
		c->token = token_of_file(c, file, err);
		if (!c->token) {
			(void)err_wrap(err, -EINVAL, "CARREL_TOKEN_FILE");
			return CLI_FAILED;
		}
	} else if (c->url && cred->url && str_is(str_of(c->url), cred->url)) {
		c->token = cred->token;
	}
	if (c->url && c->token)
		return CLI_OK;
	(void)ERR(err, -EACCES,
	          "you are not signed in%s%s; sign in with: carrel login %s --code CODE",
	          c->url ? " at " : "", c->url ? c->url : "", c->url ? c->url : "URL");
	return CLI_NOT_ALLOWED;
}

int api_find(struct cli *c, struct err *err)
{
	const char *url = getenv("CARREL_URL"), *file = getenv("CARREL_TOKEN_FILE");
	struct cred cred = { 0 };
	int r = cred_load(&c->arena, &cred, err);

	if (r < 0 && r != -ENOENT && !(url && file))
		return CLI_FAILED;
	c->url = cred.url;
	if (url && *url && cred_url(&c->arena, str_of(url), &c->url, err) < 0) {
		(void)err_wrap(err, -EINVAL, "CARREL_URL");
		return CLI_USAGE;
	}
	return find_token(c, &cred, err);
}

int api_open(struct cli *c)
{
	struct err err = ERR_NONE;
	int r = api_find(c, &err);

	return r == CLI_OK ? r : cli_say(c, (enum cli_exit)r, "%s", err.msg);
}

struct transfer {
	struct buf body;
	struct sse *sse; /* the answer goes there if it is a 200 */
	CURL *curl;
	mono_ms last, quiet_ms; /* for streams: 0, or give up after so long */
	bool ended;             /* the reader wants no more */
	bool slow;
	char *next; /* room for X-Next-Cursor; NULL: not wanted */
};

#define NEXT_MAX 24

static size_t on_header(char *p, size_t one, size_t n, void *arg)
{
	static const struct str name = { "x-next-cursor:", 14 };
	struct transfer *t = arg;
	struct str line = { p, one * n }, value;

	if (t->next && str_ieq(str_sub(line, 0, name.len), name)) {
		value = str_trim(str_sub(line, name.len, str_find(line, STR("\r"))));
		(void)snprintf(t->next, NEXT_MAX, "%.*s", STR_ARG(value));
	}
	return line.len;
}

static size_t on_bytes(char *p, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct str s = { p, one * n };
	long status = 0;

	t->last = time_mono_ms();
	(void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (t->sse && status == 200) {
		if (sse_feed(t->sse, s) == 0)
			return s.len;
		t->ended = true;
		return 0;
	}
	buf_put_str(&t->body, s);
	return buf_error(&t->body) ? 0 : s.len;
}

static int on_progress(void *arg, curl_off_t dt, curl_off_t dn, curl_off_t ut, curl_off_t un)
{
	const struct transfer *t = arg;

	/* Pending only while somebody keeps it from ending the program. */
	return (t->quiet_ms && time_mono_ms() - t->last > t->quiet_ms) || cli_interrupted();
}

static struct curl_slist *header(struct curl_slist *list, const char *name, const char *value)
{
	char line[4096];
	struct curl_slist *more;
	int n = snprintf(line, sizeof(line), "%s: %s", name, value);

	CHECK(n > 0 && (size_t)n < sizeof(line));
	more = curl_slist_append(list, line);
	CHECK(more);
	return more;
}

static void set_up(CURL *curl, struct cli *c, struct transfer *t, const char *url)
{
	bool stream = t->sse != NULL;

	t->curl = curl;
	t->last = time_mono_ms();
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
	                       stream    ? 0L
	                       : t->slow ? SLOW_MS
	                                 : CALL_MS);
	(void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "carrel/" CARREL_VERSION);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	/* A proxy of the environment is for the world, not for this machine. */
	if (cred_url_is_local(c->url))
		(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
}

static bool may_try_again(CURLcode r)
{
	return r == CURLE_GOT_NOTHING || r == CURLE_RECV_ERROR || r == CURLE_SEND_ERROR ||
	       r == CURLE_PARTIAL_FILE;
}

static CURLcode exchange(struct cli *c, const struct api_request *q, struct transfer *t,
                         const char *key, long *ret_status, char *why)
{
	struct str url = arena_printf(&c->arena, "%s/api/v1%s", c->url, q->path);
	struct curl_slist *h =
	    header(NULL, "Accept", t->sse ? "text/event-stream" : "application/json");
	CURL *curl = curl_easy_init();
	CURLcode r;

	CHECK(curl && url.ptr);
	set_up(curl, c, t, url.ptr);
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	(void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, q->method);
	if (c->token) {
		struct str value = arena_printf(&c->arena, "Bearer %s", c->token);

		CHECK(value.ptr);
		h = header(h, "Authorization", value.ptr);
	}
	if (q->confirm)
		h = header(h, "X-Confirm", q->confirm);
	if (key)
		h = header(h, "Idempotency-Key", key);
	if (q->body.ptr) {
		h = header(h, "Content-Type", q->type ? q->type : "application/json");
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
		                       (curl_off_t)q->body.len);
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, q->body.ptr);
	}
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, h);
	r = curl_easy_perform(curl);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
	curl_easy_cleanup(curl);
	curl_slist_free_all(h);
	return r;
}

static enum cli_exit exit_of(long status)
{
	switch (status) {
	case 401:
	case 403:
		return CLI_NOT_ALLOWED;
	case 404:
		return CLI_NOT_FOUND;
	default:
		return CLI_FAILED;
	}
}

/* What the hub's problem document says, or the answer of an agent. */
int api_explain(struct cli *c, const struct api_reply *r)
{
	struct str detail =
	    json_str_or(r->json, "detail", json_str_or(r->json, "title", STR_NONE));
	struct str field = json_str_or(r->json, "field", STR_NONE);

	if (!detail.ptr)
		detail = json_str_or(r->json, "message", STR_NONE);
	if (!detail.ptr)
		return cli_say(
		    c, CLI_UNREACHABLE,
		    "%s does not answer like a Carrel hub (status %ld); is the address right?",
		    c->url, r->status);
	if (r->status == 401 && c->token)
		return cli_say(c, CLI_NOT_ALLOWED,
		               "%.*s Sign in again with: carrel login %s --code CODE",
		               STR_ARG(detail), c->url);
	return cli_say(c, exit_of(r->status), field.len ? "%.*s (%.*s)" : "%.*s",
	               STR_ARG(detail), STR_ARG(field));
}

int api_call(struct cli *c, const struct api_request *q, struct api_reply *ret)
{
	bool again = q->once || str_is(str_of(q->method), "GET");
	char why[CURL_ERROR_SIZE] = "", key[37];
	struct transfer t = { .body = BUF(ANSWER_MAX), .slow = q->slow, .next = ret->next };
	CURLcode r;

	*ret = (struct api_reply){ 0 };
	rand_uuid(key);
	for (int try = 1;; try++) {
		r = exchange(c, q, &t, q->once ? key : NULL, &ret->status, why);
		if (r == CURLE_OK || !again || !may_try_again(r) || try == TRIES)
			break;
		buf_clear(&t.body);
		(void)poll(NULL, 0, RETRY_MS);
	}
	if (r != CURLE_OK) {
		buf_fini(&t.body);
		ret->status = 0;
		return q->quiet ? CLI_UNREACHABLE
		                : cli_say(c, CLI_UNREACHABLE, "%s can't be reached: %s", c->url,
		                          why[0] ? why : curl_easy_strerror(r));
	}
	ret->body = arena_str(&c->arena, buf_str(&t.body));
	buf_fini(&t.body);
	if (json_parse(&c->arena, ret->body, &(struct json_limits){ .values = 5000000 },
	               &ret->json, NULL) < 0)
		ret->json = NULL;
	if (ret->status >= 200 && ret->status < 300)
		return CLI_OK;
	return q->quiet ? (int)exit_of(ret->status) : api_explain(c, ret);
}

int api_get(struct cli *c, struct api_reply *ret, const char *fmt, ...)
{
	struct buf path = BUF(8192);
	struct api_request q = { .method = "GET" };
	va_list ap;
	int r;

	va_start(ap, fmt);
	buf_vprintf(&path, fmt, ap);
	va_end(ap);
	q.path = buf_cstr(&path);
	r = api_call(c, &q, ret);
	buf_fini(&path);
	return r;
}

int api_list(struct cli *c, const char *path, const char *also, struct api_reply *ret)
{
	struct buf all = BUF(ANSWER_MAX);
	struct jsonw w = JSONW(&all);
	struct str next = STR_NONE;
	char sep = strchr(path, '?') ? '&' : '?';
	int r;

	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	do {
		r = next.ptr ? api_get(c, ret, "%s%ccursor=%s", path, sep, next.ptr)
		             : api_get(c, ret, "%s", path);
		if (r != CLI_OK) {
			buf_fini(&all);
			return r;
		}
		json_for_each(item, json_get(ret->json, "items")) jw_raw(&w, item->raw);
		next = json_str_or(ret->json, "next", STR_NONE);
		if (next.ptr)
			next = str_of(api_escape(c, arena_str(&c->arena, next).ptr));
	} while (next.ptr);
	jw_arr_end(&w);
	if (also && json_get(ret->json, also))
		jw_kv_raw(&w, also, json_get(ret->json, also)->raw);
	jw_obj_end(&w);
	ret->body = arena_str(&c->arena, buf_str(&all));
	r = buf_error(&all);
	buf_fini(&all);
	if (r < 0 ||
	    json_parse(&c->arena, ret->body, &(struct json_limits){ .values = 5000000 },
	               &ret->json, NULL) < 0)
		return cli_say(c, CLI_FAILED, "the list is too long");
	return CLI_OK;
}

int api_events(struct cli *c, unsigned quiet_ms, sse_fn *fn, void *arg)
{
	struct api_request q = { .method = "GET", .path = "/events" };
	char why[CURL_ERROR_SIZE] = "";
	struct sse sse;
	struct transfer t = { .body = BUF(4096), .sse = &sse, .quiet_ms = quiet_ms };
	long status = 0;

	sse_init(&sse, fn, arg);
	(void)exchange(c, &q, &t, NULL, &status, why);
	sse_fini(&sse);
	buf_fini(&t.body);
	return t.ended ? CLI_OK : CLI_FAILED;
}

const char *api_escape(struct cli *c, const char *segment)
{
	struct buf b = BUF(8192);
	struct str s;

	pct_put(&b, str_of(segment ? segment : ""), NULL);
	s = arena_str(&c->arena, buf_str(&b));
	buf_fini(&b);
	CHECK(s.ptr);
	return s.ptr;
}
