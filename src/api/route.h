/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The route table: one row per operation. The dispatcher, the check of who
 * may, the parser of bodies and query strings, the OpenAPI document and the
 * authorisation tests all read the same rows. There is no default for "who".
 */
#pragma once

#include "core/scope.h"
#include "http/url.h"

struct call;
typedef void call_fn(struct call *c);

enum route_who {
	WHO_ANYONE = 1, /* no sign-in needed */
	WHO_ACCOUNT,    /* a browser's login or a token, with `right` */
	WHO_ADMIN,      /* the same, of an administrator */
	WHO_METRICS,    /* from this machine, or an administrator's token */
	WHO_EDGE,       /* the edge's process, root, or our own uid */
	WHO_ROOT,       /* root on this machine */
};

enum field_type {
	FIELD_STRING,
	FIELD_INTEGER,
	FIELD_BOOLEAN,
	FIELD_STRINGS, /* array of strings */
	FIELD_JSON,    /* an array or object that the handler reads */
};

#define FIELDS_MAX 10
struct field {
	const char *name;
	enum field_type type;
	bool required;
	int64_t min, max; /* FIELD_INTEGER: of the value; FIELD_STRING: of its bytes */
	const char *text;
};

enum route_flag {
	ROUTE_SECRET = 1,    /* a state change that signs in or out: the answer is not stored */
	ROUTE_BODY = 2,      /* has a body, perhaps empty */
	ROUTE_STREAM = 4,    /* server-sent events */
	ROUTE_ESSENTIAL = 8, /* works on a full disk: stop, delete, sign out */
	ROUTE_LIST = 16,     /* takes limit and cursor, answers a page */
	ROUTE_TOLD = 64,     /* holds when a shim has heard it: no replay before */
	ROUTE_MATCH = 32,    /* takes If-Match: only if it was not changed since */
};

struct route {
	const char *method, *path; /* "/api/v1/workspaces/{id}" */
	enum route_who who;
	enum right right; /* WHO_ACCOUNT */
	call_fn *handle;
	unsigned ok;        /* status of success */
	const char *answer; /* name of its schema, see openapi.c; NULL: none */
	const char *audit;  /* verb of the audit row; NULL: changes nothing */
	unsigned flags;
	const char *summary;
	struct field body[FIELDS_MAX];
	struct field query[FIELDS_MAX];
};

extern const struct route routes[];
extern const size_t nroutes;
/* routes-files.c: of the same API, and served by edge and agents. */
extern const struct route files_rows[];
extern const size_t nfiles_rows;

enum route_found {
	ROUTE_FOUND,
	ROUTE_UNKNOWN,
	ROUTE_OTHER_METHOD, /* *ret_allow names those that exist */
};
/* {id} of the path goes to *ret_id; allow has room for 64 bytes. HEAD finds
 * what GET does. */
enum route_found route_find(const struct url *u, struct str method, const struct route **ret,
                            struct str *ret_id, char allow[64]);
