/* SPDX-License-Identifier: Apache-2.0 */
/*
 * People who use the API: start, look, extend, change their auto-stop, stop,
 * and ask again when no answer comes. What they were told is held against
 * what follows.
 */
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "base/map.h"
#include "host.h"
#include "platform.h"

#define PEOPLE_MAX 512
#define STARVED_NS (30 * H_NS) /* the longest session and its successor, and some outages */

enum doing_now { AT_REST, SIGNS_IN, MAKES, STARTS, LOOKS, EXTENDS, CHANGES, STOPS, LIMITS };

struct person {
	unsigned n;
	char token[128], workspace[ID_MAX], session[ID_MAX], state[16];
	char key[40];
	enum doing_now doing;
	unsigned asked_s, failures;
	enum doing_now after; /* signing in again */
	bool stop_acked, quits, limited;
	unsigned way;     /* of starting, below */
	bool holds, held; /* wants to be asked when it is its turn; it is */
	sim_ns queued_since, asked_at;
	boot_ns least_lease; /* while an extension is asked for; lease_of() */
	struct happen h;
};

/* Of other types, of whatever there is room for, and turns that are kept:
 * those are lost when nobody comes in time. */
static const char *const ways[] = {
	"{}",
	"{}",
	"{}",
	"{\"instance_type\":\"free\"}",
	"{\"instance_type\":\"medium\"}",
	"{\"instance_type\":\"medium\",\"fallback_types\":[\"small\",\"free\"]}",
	"{\"on_turn\":\"hold\"}",
};

static struct person people[PEOPLE_MAX];
static unsigned npeople;
static struct map asked_stop;

static void on_turn(struct happen *h);
static void sign_in(struct person *p);

bool people_asked_stop(const char *session)
{
	return map_get(&asked_stop, str_of(session)) != NULL;
}

static void rest(struct person *p, sim_ns for_ns)
{
	p->doing = AT_REST;
	happen_in(&p->h, for_ns, on_turn);
}

static bool is_over(const char *state)
{
	return strcmp(state, "stopped") == 0 || strcmp(state, "failed") == 0 ||
	       strcmp(state, "lost") == 0;
}

static void take_session(struct person *p, const struct json *s)
{
	struct str id = json_str_or(s, "id", STR("")), state = json_str_or(s, "state", STR(""));
	const struct json *line = json_get(s, "queue");

	p->held = line && line->type == JSON_OBJECT &&
	          json_str_or(line, "held_until", STR("")).len > 0;
	if (!str_is(id, p->session))
		p->stop_acked = false;
	(void)snprintf(p->session, sizeof(p->session), "%.*s", STR_ARG(id));
	(void)snprintf(p->state, sizeof(p->state), "%.*s", STR_ARG(state));
	if (strcmp(p->state, "queued") != 0)
		p->queued_since = 0;
	else if (!p->queued_since)
		p->queued_since = world.now;
	else if (!p->holds && world.now - p->queued_since > STARVED_NS)
		violated(INV_STARVED, "%s has waited for %llu h", p->session,
		         (unsigned long long)((world.now - p->queued_since) / H_NS));
	if (p->stop_acked && !is_over(p->state) && strcmp(p->state, "stopping") != 0)
		violated(INV_ACKNOWLEDGED,
		         "%s was to stop, that was acknowledged, and it is %s", p->session,
		         p->state);
}

/* The shortest lease since it was asked for the first time: any of the tries may have been the one that counts. */
static boot_ns lease_of(struct person *p)
{
	const struct run *r = host_alive(p->session);

	if (r && r->d.lease_until && r->d.lease_until < p->least_lease)
		p->least_lease = r->d.lease_until;
	return p->least_lease;
}

/* Again with the same key until somebody answers. */
static void on_answer(void *arg, unsigned status, const struct json *body)
{
	struct person *p = arg;
	enum doing_now was = p->doing;
	const struct json *s = body ? json_get(body, "session") : NULL;

	if (was == CHANGES && status != 0)
		truth_idle_set(p->session, status == 200 ? p->asked_s : 0);
	if (status == 0 || status == 503 || status == 429) {
		if (++p->failures > 2000)
			violated(INV_ANSWERS, "person %u gets no answer", p->n);
		happen_in(&p->h, between(500 * MS_NS, 5 * S_NS), on_turn);
		return;
	}
	p->failures = 0;
	if (status == 401) { /* a clock was set, the host began anew: the token is over */
		p->after = was;
		p->doing = SIGNS_IN;
		happen_in(&p->h, about(10 * S_NS), on_turn);
		return;
	}
	p->key[0] = '\0';
	if (status >= 500)
		violated(INV_ANSWERS, "status %u in step %d", status, (int)was);
	if (was == MAKES && status == 201)
		(void)snprintf(p->workspace, sizeof(p->workspace), "%.*s",
		               STR_ARG(json_str_or(body, "id", STR(""))));
	if ((was == STARTS || was == STOPS) && status == 202 && s && s->type == JSON_OBJECT)
		take_session(p, s);
	if (was == STOPS && status == 202)
		p->stop_acked = true;
	if (was == LOOKS && status == 200 && body)
		take_session(p, body);
	if (was == LOOKS && status == 404)
		violated(INV_ACKNOWLEDGED, "%s was acknowledged and is not known", p->session);
	if (was == EXTENDS && status == 200) {
		int64_t until = platform_sql("SELECT extend_until FROM session WHERE id = ?",
		                             p->session, 0);
		struct run *r = host_alive(p->session);

		if (r && r->state == RUN_RUNNING &&
		    (boot_ns)until + 10 * S_NS <
		        world_boot_of(p->asked_at) + p->asked_s * S_NS &&
		    (boot_ns)until < r->d.max_at && (boot_ns)until < lease_of(p))
			violated(INV_ACKNOWLEDGED, "%s was extended, and not by %u s",
			         p->session, p->asked_s);
		truth_promised(p->session, (boot_ns)until);
	}
	rest(p, p->quits || was == MAKES || was == STARTS ? about(15 * S_NS)
	        : was == STOPS                            ? about(3 * S_NS)
	                                                  : about(20 * MIN_NS));
}

static void make_key(struct person *p)
{
	if (!p->key[0])
		(void)snprintf(p->key, sizeof(p->key), "k-%u-%llx", p->n,
		               (unsigned long long)below(UINT64_MAX));
}

static void send_it(struct person *p)
{
	char path[160], body[160];

	platform_tempt();
	switch (p->doing) {
	case MAKES:
		make_key(p);
		(void)snprintf(body, sizeof(body),
		               "{\"name\":\"work %u\",\"auto_stop_seconds\":%u}", p->n,
		               p->asked_s);
		ask("POST", "/api/v1/workspaces", p->token, body, p->key, on_answer, p);
		return;
	case STARTS:
		make_key(p);
		(void)snprintf(path, sizeof(path), "/api/v1/workspaces/%s/start", p->workspace);
		ask("POST", path, p->token, p->held ? "{}" : ways[p->way], p->key, on_answer,
		    p);
		return;
	case STOPS:
		if (map_get(&asked_stop, str_of(p->session)) == NULL)
			CHECK(map_set(&asked_stop, str_of(xstrdup(p->session)), p, NULL) == 0);
		(void)snprintf(path, sizeof(path), "/api/v1/workspaces/%s/stop", p->workspace);
		ask("POST", path, p->token, "{}", NULL, on_answer, p);
		return;
	case LOOKS:
		(void)snprintf(path, sizeof(path), "/api/v1/sessions/%s", p->session);
		ask("GET", path, p->token, NULL, NULL, on_answer, p);
		return;
	case EXTENDS:
		if (!p->key[0])
			p->least_lease = DEADLINE_NEVER;
		(void)lease_of(p);
		make_key(p);
		(void)snprintf(path, sizeof(path), "/api/v1/sessions/%s/extend", p->session);
		(void)snprintf(body, sizeof(body), "{\"seconds\":%u}", p->asked_s);
		ask("POST", path, p->token, body, p->key, on_answer, p);
		return;
	case CHANGES:
		truth_idle_asked(p->session, p->asked_s);
		(void)snprintf(path, sizeof(path), "/api/v1/workspaces/%s", p->workspace);
		(void)snprintf(body, sizeof(body), "{\"auto_stop_seconds\":%u}", p->asked_s);
		ask("PATCH", path, p->token, body, NULL, on_answer, p);
		return;
	case LIMITS: /* eight hours of the small type */
		p->limited = true;
		ask("PUT", "/api/v1/budget", p->token, "{\"amount\":\"0.5\",\"hard\":true}",
		    NULL, on_answer, p);
		return;
	case SIGNS_IN:
		sign_in(p);
		return;
	case AT_REST:
		break;
	}
	CHECK(false);
}

static unsigned some_idle(void)
{
	static const unsigned idle[] = { 60, 120, 600, 1800, 3600, 3600, 7200, 28800 };

	return idle[below(ARRAY_LEN(idle))];
}

/* What comes next, by what is known. */
static void choose(struct person *p)
{
	if (p->quits && (!p->session[0] || is_over(p->state) || p->stop_acked)) {
		if (p->session[0] && !is_over(p->state))
			p->doing = LOOKS;
		return;
	}
	if (!p->workspace[0]) {
		p->asked_s = some_idle();
		p->doing = MAKES;
	} else if (p->quits) {
		p->doing = STOPS;
	} else if (world.budgets && p->n % 3 == 0 && !p->limited) {
		p->doing = LIMITS;
	} else if (p->held) {
		p->doing = STARTS;
	} else if (!p->session[0] || (is_over(p->state) && chance(500))) {
		p->way = (unsigned)below(ARRAY_LEN(ways));
		p->holds = strstr(ways[p->way], "hold") != NULL;
		p->doing = STARTS;
	} else if (strcmp(p->state, "running") != 0 || chance(300)) {
		p->doing = LOOKS;
	} else if (chance(300)) {
		p->asked_s = (unsigned)between(60, 4 * 3600);
		p->asked_at = world.now;
		p->doing = EXTENDS;
	} else if (chance(250)) {
		p->asked_s = some_idle();
		p->doing = CHANGES;
	} else if (chance(250)) {
		p->doing = STOPS;
	} else {
		p->doing = LOOKS;
	}
}

static void on_turn(struct happen *h)
{
	struct person *p = CONTAINER_OF(h, struct person, h);

	if (p->doing == AT_REST)
		choose(p);
	if (p->doing != AT_REST)
		send_it(p);
	else if (!p->quits)
		rest(p, about(H_NS));
}

/* Just while the engine is away, or this session's shim, people change a
 * setting. NULL: any of them. */
void people_poke(const char *session)
{
	for (unsigned i = 0; i < npeople; i++) {
		struct person *p = &people[i];

		if (p->doing != AT_REST || strcmp(p->state, "running") != 0 || p->quits ||
		    (session && strcmp(p->session, session) != 0) || chance(400))
			continue;
		p->asked_s = some_idle();
		p->doing = CHANGES;
		happen_in(&p->h, between(0, session ? S_NS : 4 * S_NS), on_turn);
	}
}

void people_stop(void)
{
	for (unsigned i = 0; i < npeople; i++) {
		people[i].quits = true;
		if (people[i].doing == AT_REST)
			happen_in(&people[i].h, about(5 * S_NS), on_turn);
	}
}

/* --- signing in: a code from root, a token for it --- */

static bool signed_in;

static void go_on(struct person *p, bool well)
{
	signed_in = well;
	if (!p->workspace[0] && p->after == AT_REST)
		return; /* before the first day */
	if (well)
		p->doing = p->after;
	happen_in(&p->h, between(S_NS, 5 * S_NS), on_turn);
}

static void on_token(void *arg, unsigned status, const struct json *body)
{
	struct person *p = arg;
	struct str token = body ? json_str_or(body, "token", STR("")) : STR("");

	if (status == 201)
		(void)snprintf(p->token, sizeof(p->token), "%.*s", STR_ARG(token));
	go_on(p, status == 201);
}

static void on_code(void *arg, unsigned status, const struct json *body)
{
	struct str code = body ? json_str_or(body, "code", STR("")) : STR("");
	char text[160];

	if (status != 200) {
		go_on(arg, false);
		return;
	}
	(void)snprintf(text, sizeof(text),
	               "{\"code\":\"%.*s\",\"grant\":\"token\",\"name\":\"sim\"}",
	               STR_ARG(code));
	ask("POST", "/api/v1/login", NULL, text, NULL, on_token, arg);
}

static void sign_in(struct person *p)
{
	char body[120];

	(void)snprintf(body, sizeof(body),
	               "{\"email\":\"person%u@example.org\",\"create\":true}", p->n);
	ask("POST", "/internal/sign-in-code", NULL, body, NULL, on_code, p);
}

void people_begin(unsigned n)
{
	CHECK(n <= PEOPLE_MAX);
	memset(people, 0, sizeof(people));
	npeople = n;
	map_init(&asked_stop, 1U << 20);
	for (unsigned i = 0; i < n; i++) {
		people[i].n = i;
		for (signed_in = false; !signed_in;) {
			sign_in(&people[i]);
			platform_run(world.now + 10 * S_NS, &signed_in);
		}
		rest(&people[i], about(H_NS));
	}
}
