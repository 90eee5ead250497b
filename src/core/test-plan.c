/* SPDX-License-Identifier: Apache-2.0 */
#include "core/plan.h"

#include "test.h"

static const struct deadline_rules site = { .auto_stop_min_s = 60,
	                                    .auto_stop_max_s = 86400,
	                                    .auto_stop_default_s = 3600,
	                                    .max_s = 43200,
	                                    .warn_s = 300 };

static void types_by_whole_id(void)
{
	struct plan p = { .types = "free small-gpu large" };

	T_OK(plan_allows_type(&p, "free"));
	T_OK(plan_allows_type(&p, "small-gpu"));
	T_OK(plan_allows_type(&p, "large"));
	T_OK(!plan_allows_type(&p, "small"));
	T_OK(!plan_allows_type(&p, "fre"));
	T_OK(!plan_allows_type(&p, "free small-gpu"));
	T_OK(!plan_allows_type(&p, ""));
	p = (struct plan){ .types = "*" };
	T_OK(plan_allows_type(&p, "whatever"));
	p = (struct plan){ .types = "" };
	T_OK(!plan_allows_type(&p, "free"));
}

static void sessions_up_to_the_limit(void)
{
	const struct plan p = { .types = "small", .sessions_max = 2 };

	T_EQ(plan_check_start(&p, &(struct plan_use){ .sessions = 0 }, "small"), PLAN_FINE);
	T_EQ(plan_check_start(&p, &(struct plan_use){ .sessions = 1 }, "small"), PLAN_FINE);
	T_EQ(plan_check_start(&p, &(struct plan_use){ .sessions = 2 }, "small"), PLAN_SESSIONS);
	T_EQ(plan_check_start(&p, &(struct plan_use){ .sessions = 3 }, "small"), PLAN_SESSIONS);
	T_EQ(plan_check_start(&p, &(struct plan_use){ .sessions = 0 }, "large"), PLAN_TYPE);
}

static void storage_to_the_byte(void)
{
	const struct plan p = { .storage_bytes_max = 1000 };
	const struct plan none = { .storage_bytes_max = 0 };

	T_EQ(plan_check_storage(&p, &(struct plan_use){ .storage_bytes = 400 }, 600),
	     PLAN_FINE);
	T_EQ(plan_check_storage(&p, &(struct plan_use){ .storage_bytes = 400 }, 601),
	     PLAN_STORAGE);
	T_EQ(plan_check_storage(&p, &(struct plan_use){ .storage_bytes = 5000 }, 0),
	     PLAN_STORAGE);
	T_EQ(plan_check_storage(&p, &(struct plan_use){ .storage_bytes = 5 }, UINT64_MAX),
	     PLAN_STORAGE);
	T_EQ(plan_check_storage(&none, &(struct plan_use){ .storage_bytes = 5 }, UINT64_MAX),
	     PLAN_FINE);
}

static void the_narrower_holds(void)
{
	struct plan p = { 0 };

	T_EQ(plan_auto_stop(&p, &site).min_s, 60);
	T_EQ(plan_auto_stop(&p, &site).max_s, 86400);
	T_EQ(plan_session_max(&p, &site).max_s, 43200);
	p = (struct plan){ .auto_stop_min_s = 300,
		           .auto_stop_max_s = 7200,
		           .session_max_s = 600 };
	T_EQ(plan_auto_stop(&p, &site).min_s, 300);
	T_EQ(plan_auto_stop(&p, &site).max_s, 7200);
	T_EQ(plan_session_max(&p, &site).max_s, 600);
	T_EQ(plan_check_auto_stop(&p, &site, 299), PLAN_AUTO_STOP);
	T_EQ(plan_check_auto_stop(&p, &site, 300), PLAN_FINE);
	T_EQ(plan_check_auto_stop(&p, &site, 7200), PLAN_FINE);
	T_EQ(plan_check_auto_stop(&p, &site, 7201), PLAN_AUTO_STOP);
	T_EQ(plan_check_auto_stop(&p, &site, UINT64_MAX), PLAN_AUTO_STOP);
	T_EQ(plan_check_session_max(&p, &site, 0), PLAN_FINE);
	T_EQ(plan_check_session_max(&p, &site, 59), PLAN_SESSION_MAX);
	T_EQ(plan_check_session_max(&p, &site, 600), PLAN_FINE);
	T_EQ(plan_check_session_max(&p, &site, 601), PLAN_SESSION_MAX);
	/* Wider than the site: the site's. */
	p = (struct plan){ .auto_stop_max_s = 604800, .session_max_s = 2592000 };
	T_EQ(plan_auto_stop(&p, &site).max_s, 86400);
	T_EQ(plan_session_max(&p, &site).max_s, 43200);
	/* A minimum that is over the site's maximum leaves one value. */
	p = (struct plan){ .auto_stop_min_s = 100000 };
	T_EQ(plan_auto_stop(&p, &site).min_s, 86400);
	T_EQ(plan_check_auto_stop(&p, &site, 86400), PLAN_FINE);
}

static void the_nearest(void)
{
	const struct plan p = { .auto_stop_min_s = 300,
		                .auto_stop_max_s = 7200,
		                .session_max_s = 3600 };

	T_EQ(plan_clamp_auto_stop(&p, &site, 10), 300);
	T_EQ(plan_clamp_auto_stop(&p, &site, 3600), 3600);
	T_EQ(plan_clamp_auto_stop(&p, &site, 86400), 7200);
	T_EQ(plan_clamp_session_max(&p, &site, 0), 3600);
	T_EQ(plan_clamp_session_max(&p, &site, 1), 60);
	T_EQ(plan_clamp_session_max(&p, &site, 1800), 1800);
	T_EQ(plan_clamp_session_max(&p, &site, 43200), 3600);
}

/* Each names the plan, the limit, the present use and what to do. */
static void sentences(void)
{
	const struct plan p = { .name = "Free",
		                .sessions_max = 1,
		                .storage_bytes_max = UINT64_C(5) << 30,
		                .auto_stop_max_s = 7200 };
	const struct plan_use use = { .sessions = 1, .storage_bytes = UINT64_C(9) << 29 };
	const struct plan_want want = { .type = "large",
		                        .bytes = UINT64_C(1) << 30,
		                        .seconds = 9999 };
	char text[MESSAGE_MAX];

	plan_explain(&p, &site, PLAN_SESSIONS, &use, &want, text);
	T_STR(str_of(text), STR("The plan Free allows 1 session at once, and 1 of yours is "
	                        "under way. Stop one, "
	                        "or ask an administrator for another plan."));
	plan_explain(&p, &site, PLAN_STORAGE, &use, &want, text);
	T_STR(str_of(text),
	      STR("The plan Free allows 5 GiB of storage over all workspaces; yours have 4.5 "
	          "GiB, "
	          "and this is 1 GiB more. Ask for less, delete a workspace, or ask an "
	          "administrator for another plan."));
	plan_explain(&p, &site, PLAN_TYPE, &use, &want, text);
	T_OK(strstr(text, "instance type large") != NULL);
	plan_explain(&p, &site, PLAN_AUTO_STOP, &use, &want, text);
	T_OK(strstr(text, "60 to 7200 seconds here, not 9999") != NULL);
	for (int l = PLAN_SESSIONS; l <= PLAN_SESSION_MAX; l++) {
		plan_explain(&p, &site, (enum plan_limit)l, &use, &want, text);
		T_OK(strlen(text) < MESSAGE_MAX - 1);
		T_EQ(plan_limit_field((enum plan_limit)l) == NULL, l == PLAN_SESSIONS);
	}
}

static void over_is_explained(void)
{
	const struct plan p = { .name = "Free",
		                .sessions_max = 1,
		                .storage_bytes_max = 1 << 30 };
	const struct plan_use fits = { .sessions = 1, .storage_bytes = 1 << 30 };
	const struct plan_use more = { .sessions = 2, .storage_bytes = (1 << 30) + 1 };
	char text[MESSAGE_MAX];

	T_OK(!plan_over(&p, &fits, PLAN_SESSIONS, text));
	T_OK(!plan_over(&p, &fits, PLAN_STORAGE, text));
	T_OK(plan_over(&p, &more, PLAN_SESSIONS, text));
	T_OK(strstr(text, "they go on") != NULL);
	T_OK(plan_over(&p, &more, PLAN_STORAGE, text));
	T_OK(strstr(text, "nothing is deleted") != NULL);
}

static void examples(void)
{
	static const struct instance_type types[] = {
		{ .id = "big", .price_per_hour = 9 },
		{ .id = "nil", .price_per_hour = 0 },
		{ .id = "zero", .price_per_hour = 0 },
	};
	struct plan p[PLAN_EXAMPLES];
	unsigned defaults = 0;

	plan_examples(types, 3, p);
	T_STR(str_of(p[0].types), STR("nil zero"));
	for (size_t i = 0; i < PLAN_EXAMPLES; i++) {
		defaults += p[i].is_default;
		if (!p[i].is_default)
			continue;
		/* Nothing that a site without plans allowed is refused. */
		T_OK(plan_allows_type(&p[i], "anything"));
		T_EQ(p[i].storage_bytes_max, 0);
		T_EQ(plan_auto_stop(&p[i], &site).max_s, site.auto_stop_max_s);
		T_EQ(plan_session_max(&p[i], &site).max_s, site.max_s);
		T_EQ(p[i].free_s_month, 0);
		T_EQ(p[i].credit_new, 0);
	}
	T_EQ(defaults, 1);
	plan_examples(types, 1, p);
	T_STR(str_of(p[0].types), STR("big"));
	plan_examples(NULL, 0, p);
	T_STR(str_of(p[0].types), STR(""));
}

TEST_MAIN({ "a type is allowed by its whole id, or by *", types_by_whole_id },
          { "sessions are allowed up to the limit", sessions_up_to_the_limit },
          { "storage is counted to the byte, and can't overflow", storage_to_the_byte },
          { "of plan and site the narrower holds", the_narrower_holds },
          { "what is outside becomes the nearest that is allowed", the_nearest },
          { "a refusal says limit, use and way out", sentences },
          { "what is over its limit is explained, and stays", over_is_explained },
          { "the examples have one default, which allows what was allowed", examples })
