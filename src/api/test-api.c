/* SPDX-License-Identifier: Apache-2.0 */
#include "api/openapi.h"
#include "api/problem.h"
#include "api/route.h"
#include "base/json.h"
#include "test.h"

static struct url url_for(struct arena *a, const char *target)
{
	struct url u;

	T_EQ(url_parse(a, str_of(target), false, &u), 0);
	return u;
}

static void every_route_is_found(void)
{
	for (size_t i = 0; i < nroutes; i++) {
		struct arena a = ARENA(1 << 16);
		char target[128], allow[64];
		const char *brace = strstr(routes[i].path, "{id}");
		const struct route *r = NULL;
		struct str id;
		struct url u;

		(void)snprintf(target, sizeof(target), "%.*s%s%s",
		               brace ? (int)(brace - routes[i].path) : 127, routes[i].path,
		               brace ? "x_1" : "", brace ? brace + 4 : "");
		u = url_for(&a, target);
		T_EQ(route_find(&u, str_of(routes[i].method), &r, &id, allow), ROUTE_FOUND);
		T_OK(r == &routes[i]);
		if (brace)
			T_STR(id, STR("x_1"));
		T_EQ(route_find(&u, STR("BREW"), &r, &id, allow), ROUTE_OTHER_METHOD);
		T_OK(strstr(allow, routes[i].method) != NULL);
		arena_fini(&a);
	}
}

static void others_are_not(void)
{
	static const char *const none[] = { "/",
		                            "/api",
		                            "/api/v1",
		                            "/api/v1/workspaces/",
		                            "/api/v1/workspaces/a/b",
		                            "/api/v1/Workspaces",
		                            "/api/v2/me",
		                            "/internal",
		                            "/metrics/x" };
	struct arena a = ARENA(1 << 16);
	const struct route *r;
	char allow[64];
	struct str id;

	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		struct url u = url_for(&a, none[i]);

		T_EQ(route_find(&u, STR("GET"), &r, &id, allow), ROUTE_UNKNOWN);
	}
	arena_fini(&a);
}

/* Nobody may forget: who, a right that fits, an audit verb for what changes. */
static void rows_are_whole(void)
{
	for (size_t i = 0; i < nroutes; i++) {
		const struct route *r = &routes[i];
		bool get = strcmp(r->method, "GET") == 0;

		T_OK(r->who >= WHO_ANYONE && r->who <= WHO_ROOT);
		T_OK(r->handle != NULL && r->summary != NULL && r->ok >= 200 && r->ok < 300);
		T_EQ(get,
		     r->audit == NULL); /* no state change on GET, and none without a row */
		T_OK(!get || !(r->flags & ROUTE_BODY));
		T_OK((r->who != WHO_ACCOUNT && r->who != WHO_ADMIN) || get ||
		     r->right != RIGHT_READ);
		if (strstr(r->path, "/admin/"))
			T_EQ(r->who, WHO_ADMIN);
		/* Without a sign-in: only what must be, and nothing of a tenant. */
		if (r->who == WHO_ANYONE)
			T_OK(strcmp(r->path, "/api/v1/login") == 0 ||
			     strcmp(r->path, "/api/v1/openapi.json") == 0 ||
			     strcmp(r->path, "/healthz") == 0 ||
			     strcmp(r->path, "/readyz") == 0);
		T_EQ(r->who == WHO_EDGE || r->who == WHO_ROOT,
		     strncmp(r->path, "/internal/", 10) == 0);
	}
}

static void openapi_names_every_route(void)
{
	struct buf b = BUF(1 << 20);
	struct arena a = ARENA(8 << 20);
	struct err err = ERR_NONE;
	struct json *doc;
	size_t n = 0;

	openapi_put(&b);
	T_EQ(buf_error(&b), 0);
	T_EQ(json_parse(&a, buf_str(&b), NULL, &doc, &err), 0);
	json_for_each(path, json_get(doc, "paths"))
	{
		json_for_each(op, path)
		{
			T_OK(json_get(op, "responses") != NULL);
			n++;
		}
	}
	for (size_t i = 0; i < nroutes; i++)
		n -= strncmp(routes[i].path, "/api/v1", 7) == 0;
	T_EQ(n, nfiles_rows);
	for (size_t i = 0; i < nfiles_rows; i++)
		if (files_rows[i].answer)
			T_OK(json_get(json_get(json_get(doc, "components"), "schemas"),
			              files_rows[i].answer) != NULL);
	/* Each answer that a route names is there. */
	for (size_t i = 0; i < nroutes; i++)
		if (routes[i].answer)
			T_OK(json_get(json_get(json_get(doc, "components"), "schemas"),
			              routes[i].answer) != NULL);
	arena_fini(&a);
	buf_fini(&b);
}

static void problems_are_documents(void)
{
	for (int p = PROBLEM_BAD_REQUEST; p < PROBLEM_MAX_; p++) {
		struct buf b = BUF(4096);
		struct jsonw w = JSONW(&b);
		struct arena a = ARENA(1 << 16);
		struct err err = ERR_NONE;
		struct json *doc;
		struct str detail;

		problem_json_with(&w, (enum problem)p, STR(""), "r_1", "name",
		                  STR("{\"x\":1}"));
		T_EQ(json_parse(&a, buf_str(&b), NULL, &doc, &err), 0);
		T_EQ(json_get_str(doc, "detail", &detail), 0);
		T_OK(detail.len > 0);
		T_OK(json_get(json_get(doc, "data"), "x") != NULL);
		T_OK(problem_status((enum problem)p) >= 400);
		arena_fini(&a);
		buf_fini(&b);
	}
}

TEST_MAIN({ "every row of the table is found by its method and path", every_route_is_found },
          { "nothing else is", others_are_not },
          { "every row says who may, and audits what it changes", rows_are_whole },
          { "the OpenAPI document names every route and its answer",
            openapi_names_every_route },
          { "every problem is a document with a sentence", problems_are_documents })
