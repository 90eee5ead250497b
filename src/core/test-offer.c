/* SPDX-License-Identifier: Apache-2.0 */
#include "core/offer.h"

#include <errno.h>
#include <stdio.h>

#include "test.h"

#define NOW 1000

static struct offer have, want;
static char field[OFFER_FIELD_MAX];
static struct err err;

static void reset(void)
{
	memset(&have, 0, sizeof(have));
	have.types[0].t = (struct instance_type){
		.id = "small", .name = "Small", .cpu_milli = 500, .memory_bytes = 7, .pids = 9
	};
	have.types[0].prices.now = 60000;
	have.types[1].t = (struct instance_type){ .id = "large", .name = "Large" };
	have.ntypes = 2;
	have.plans[0] = (struct plan){ .id = "std",
		                       .name = "Standard",
		                       .sessions_max = 3,
		                       .types = "*",
		                       .is_default = true };
	have.nplans = 1;
	want = have;
}

static void what_no_value_shows(void)
{
	reset();
	T_EQ(offer_check(&want, NOW, field, &err), 0);

	memcpy(want.types[1].t.id, "small", 6);
	T_EQ(offer_check(&want, NOW, field, &err), -EINVAL);
	T_STREQ(field, "instance_types.1.id");

	reset();
	want.types[1].t.gpu_count = 1;
	T_EQ(offer_check(&want, NOW, field, &err), -EINVAL);
	T_STREQ(field, "instance_types.1.gpu_class");

	reset();
	memcpy(want.plans[0].types, "small gone", 11);
	T_EQ(offer_check(&want, NOW, field, &err), -EINVAL);
	T_STREQ(field, "plans.0.types");
	T_OK(strstr(err.msg, "gone") != NULL);
	memcpy(want.plans[0].types, "small *", 8);
	T_EQ(offer_check(&want, NOW, field, &err), -EINVAL);

	reset();
	want.plans[0].auto_stop_min_s = 61;
	want.plans[0].auto_stop_max_s = 60;
	T_EQ(offer_check(&want, NOW, field, &err), -EINVAL);
	T_STREQ(field, "plans.0.auto_stop_min_seconds");
}

static void one_default(void)
{
	reset();
	want.plans[0].is_default = false;
	T_EQ(offer_check(&want, NOW, field, &err), -EINVAL);
	T_STREQ(field, "plans");
	want.plans[1] = want.plans[0];
	memcpy(want.plans[1].id, "two", 4);
	want.plans[0].is_default = want.plans[1].is_default = true;
	want.nplans = 2;
	T_EQ(offer_check(&want, NOW, field, &err), -EINVAL);
	want.plans[1].is_default = false;
	T_EQ(offer_check(&want, NOW, field, &err), 0);
	memcpy(want.plans[1].id, "std", 4);
	T_EQ(offer_check(&want, NOW, field, &err), -EINVAL);
	T_STREQ(field, "plans.1.id");
}

static void prices_of_the_future(void)
{
	struct offer_prices *p;

	reset();
	p = &want.types[1].prices;
	p->later[0] = (struct offer_price){ NOW, 5 };
	p->nlater = 1;
	T_EQ(offer_check(&want, NOW, field, &err), -EINVAL);
	T_STREQ(field, "instance_types.1.next_prices.0.from");
	p->later[0].from = NOW + 2;
	p->later[1] = (struct offer_price){ NOW + 2, 6 };
	p->nlater = 2;
	T_EQ(offer_check(&want, NOW, field, &err), -EINVAL);
	T_STREQ(field, "instance_types.1.next_prices.1.from");
	p->later[1].from = NOW + 3;
	T_EQ(offer_check(&want, NOW, field, &err), 0);
	p->now = 4;
	T_EQ(offer_rate_at(p, NOW), 4);
	T_EQ(offer_rate_at(p, NOW + 2), 5);
	T_EQ(offer_rate_at(p, NOW + 99), 6);
	want.storage.later[0].from = 1;
	want.storage.nlater = 1;
	T_EQ(offer_check(&want, NOW, field, &err), -EINVAL);
	T_STREQ(field, "storage.next_prices.0.from");
}

struct told {
	struct arena a;
	size_t n;
	char all[2000];
};

static void on_change(void *arg, const struct offer_change *c)
{
	struct told *t = arg;
	struct str text = offer_change_text(c, &t->a);

	t->n++;
	(void)snprintf(t->all + strlen(t->all), sizeof(t->all) - strlen(t->all), "%.*s\n",
	               STR_ARG(text));
}

static void differences(void)
{
	struct told t = { .a = ARENA(1 << 16) };

	reset();
	offer_diff(&have, &want, &t.a, on_change, &t);
	T_EQ(t.n, 0);
	want.types[0].t.cpu_milli = 1250;
	want.types[0].prices.now = 70000;
	want.types[0].prices.later[0] = (struct offer_price){ 1796083200000000, 80000 };
	want.types[0].prices.nlater = 1;
	memcpy(want.types[1].t.id, "huge", 5);
	want.plans[0].price_mode = PRICE_FOLLOW;
	want.plans[1] = (struct plan){ .id = "pro" };
	want.nplans = 2;
	want.storage.now = 1;
	offer_diff(&have, &want, &t.a, on_change, &t);
	T_STREQ(t.all, "Instance type small: cpu 0.5 → 1.25\n"
	               "Instance type small: price_per_hour 0.06 → 0.07\n"
	               "Instance type small: next_prices none → 0.08 from "
	               "2026-12-01T00:00:00.000000Z\n"
	               "Instance type huge: new\n"
	               "Instance type large: not offered any more\n"
	               "Plan std: price_mode keep → follow\n"
	               "Plan pro: new\n"
	               "Storage: price_per_gb_month 0.00 → 0.000001\n");
	arena_fini(&t.a);
}

TEST_MAIN({ "what no single value shows is found, with its place", what_no_value_shows },
          { "one plan is the default", one_default },
          { "planned prices are in the future, in order", prices_of_the_future },
          { "a difference is a sentence for each field", differences })
