/* SPDX-License-Identifier: Apache-2.0 */
#include "api/told.h"

#include "api/launch.h"
#include "base/sha256.h"

struct telling {
	struct core *core;
	char id[ID_MAX];
	uint8_t clocks[HASH_LEN];
	link_fn *done;
	void *arg;
};

static void sum_of(const struct session *s, uint8_t ret[HASH_LEN])
{
	const uint64_t clocks[] = { s->auto_stop_s, s->extend_until, s->calendar_at,
		                    s->lease_until };

	sha256((struct str){ (const char *)clocks, sizeof(clocks) }, ret);
}

static void on_told(struct link *link, const struct wire_msg *m, const struct err *err,
                    void *arg)
{
	struct telling *t = arg;
	struct live *l = live_find(t->core, str_of(t->id));

	if (l && !err)
		memcpy(l->told, t->clocks, sizeof(l->told));
	if (t->done)
		t->done(link, m, err, t->arg);
	free(t);
}

void told_begin(struct core *core, const struct session *s, link_fn **done, void **arg)
{
	struct telling *t = xcalloc(1, sizeof(*t));
	struct live *l = live_find(core, str_of(s->id));

	t->core = core;
	t->done = *done;
	t->arg = *arg;
	memcpy(t->id, s->id, sizeof(t->id));
	sum_of(s, t->clocks);
	/* What it has from now on is known when it answers. */
	if (l)
		memset(l->told, 0, sizeof(l->told));
	*done = on_told;
	*arg = t;
}

void told_check(struct live *l, const struct session *s)
{
	uint8_t clocks[HASH_LEN];

	sum_of(s, clocks);
	if (memcmp(clocks, l->told, sizeof(clocks)) != 0)
		launch_deadline_to(l->core, s, NULL, NULL);
}
