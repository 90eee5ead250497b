/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/outputs.h"

#include <errno.h>

#include "agent/jsontree.h"

/* The outputs that were shown under a display_id, newest first. */
struct outputs_id {
	struct outputs_id *next;
	struct json *output;
};

static const struct json_limits limits = {
	.depth = 200,
	.values = 8000000,
	.lax_surrogates = true,
	.lax_dup = true,
	.nan = true,
};

enum outputs_msg outputs_type(struct str t)
{
	static const struct {
		const char *name;
		enum outputs_msg type;
	} types[] = {
		{ "stream", OUTPUTS_STREAM },         { "display_data", OUTPUTS_DISPLAY },
		{ "execute_result", OUTPUTS_RESULT }, { "update_display_data", OUTPUTS_UPDATE },
		{ "error", OUTPUTS_ERROR },           { "clear_output", OUTPUTS_CLEAR },
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (str_is(t, types[i].name))
			return types[i].type;
	}
	return OUTPUTS_NONE;
}

static struct str id_of(const struct json *content)
{
	return json_str_or(json_get(content, "transient"), "display_id", STR(""));
}

struct str outputs_display_id(struct arena *a, struct str content)
{
	struct json *j;

	/* Few have one, and those without may be large. */
	if (str_find(content, STR("\"display_id\"")) == content.len ||
	    json_parse(a, content, &limits, &j, NULL) < 0)
		return STR("");
	return id_of(j);
}

int outputs_init(struct outputs *o, struct arena *a)
{
	*o = (struct outputs){ .a = a };
	streamtext_init(&o->text_, OUTPUTS_TEXT_MAX);
	map_init(&o->ids_, OUTPUTS_IDS_MAX);
	o->list_ = jt_new(a, JSON_ARRAY);
	return o->list_ ? 0 : -ENOMEM;
}

void outputs_fini(struct outputs *o)
{
	streamtext_fini(&o->text_);
	map_fini(&o->ids_);
}

/* ---- the list ---- */

/* What was gathered for the last output becomes its text, and as it would
 * stand in a file: so its lines need not be taken apart to be printed. */
static int settle(struct outputs *o)
{
	struct buf text = BUF(OUTPUTS_TEXT_MAX + (4U << 20)), raw = BUF(OUTPUTS_TEXT_MAX * 4);
	struct jsonw w = JSONW(&raw);
	struct json *node = o->text_node_;
	int r;

	if (!node)
		return 0;
	r = streamtext_get(&o->text_, &text);
	jw_str(&w, buf_str(&text));
	if (r == 0)
		r = buf_error(&raw);
	if (r == 0) {
		jt_set_text(node, arena_str(o->a, buf_str(&text)));
		node->raw = arena_str(o->a, buf_str(&raw));
		r = node->text.ptr && node->raw.ptr ? 0 : -ENOMEM;
	}
	buf_fini(&text);
	buf_fini(&raw);
	return r;
}

static void clear(struct outputs *o)
{
	o->list_->first = o->last_ = o->text_node_ = NULL;
	o->list_->n = 0;
	o->stream_ = STR_NONE;
	map_fini(&o->ids_);
	map_init(&o->ids_, OUTPUTS_IDS_MAX);
}

/* An output ends the stream before it, and carries out a clear that waited. */
static int begin_output(struct outputs *o)
{
	int r;

	if (o->clear_next_) {
		clear(o);
		o->clear_next_ = false;
	}
	r = settle(o);
	o->text_node_ = NULL;
	o->stream_ = STR_NONE;
	return r;
}

static void append(struct outputs *o, struct json *output)
{
	output->next = NULL;
	if (o->last_)
		o->last_->next = output;
	else
		o->list_->first = output;
	o->last_ = output;
	o->list_->n++;
}

/* ---- streams ---- */

/* A text that is a list of lines gets line feeds between them, as JupyterLab
 * does it with messages (not with files). */
static int add_text(struct outputs *o, const struct json *text)
{
	if (text->type == JSON_STRING) {
		streamtext_add(&o->text_, text->text);
		return 0;
	}
	json_for_each(line, text)
	{
		if (line != text->first)
			streamtext_add(&o->text_, STR("\n"));
		streamtext_add(&o->text_, line->text);
	}
	return 0;
}

static bool is_text(const struct json *v)
{
	if (!v || (v->type != JSON_STRING && v->type != JSON_ARRAY))
		return false;
	if (v->type == JSON_ARRAY) {
		json_for_each(line, v)
		{
			if (line->type != JSON_STRING)
				return false;
		}
	}
	return true;
}

static int new_stream(struct outputs *o, struct str name)
{
	struct json *output = jt_new(o->a, JSON_OBJECT), *type = jt_str(o->a, STR("stream")),
	            *text = jt_str(o->a, STR("")), *who;
	int r = begin_output(o);

	name = arena_str(o->a, name);
	who = jt_str(o->a, name);
	if (r < 0 || !output || !type || !text || !who || !name.ptr)
		return r < 0 ? r : -ENOMEM;
	jt_set(output, STR("name"), who);
	jt_set(output, STR("output_type"), type);
	jt_set(output, STR("text"), text);
	append(o, output);
	o->text_node_ = text;
	o->stream_ = name;
	streamtext_clear(&o->text_);
	return 0;
}

static int add_stream(struct outputs *o, struct str content)
{
	struct arena m = ARENA(content.len * 4 + (1U << 20));
	const struct json *text;
	struct json *j;
	struct str name;
	int r = json_parse(&m, content, &limits, &j, NULL);

	if (r == 0) {
		name = json_str_or(j, "name", STR(""));
		text = json_get(j, "text");
		if (!is_text(text) || !name.len)
			r = -EINVAL;
		else if (o->clear_next_ || !str_eq(name, o->stream_))
			r = new_stream(o, name);
		if (r == 0)
			r = add_text(o, text);
	}
	arena_fini(&m);
	return r;
}

/* ---- displays, results, errors ---- */

static bool has_bundle(struct str type)
{
	return str_is(type, "display_data") || str_is(type, "execute_result");
}

static int set_bundle(struct outputs *o, struct json *output, const char *key)
{
	struct json *v = jt_get(output, key);

	if (v && v->type == JSON_OBJECT)
		return 0;
	v = jt_new(o->a, JSON_OBJECT);
	if (!v)
		return -ENOMEM;
	jt_set(output, str_of(key), v);
	return 0;
}

/* The content of a message becomes an output: its members but for what only
 * concerns the page that shows it. */
static int make_output(struct outputs *o, struct json *j, const char *type)
{
	struct json *kind = jt_str(o->a, str_of(type));
	int r = 0;

	if (!kind)
		return -ENOMEM;
	jt_remove(j, "transient");
	jt_set(j, STR("output_type"), kind);
	if (has_bundle(str_of(type))) {
		r = set_bundle(o, j, "data");
		if (r == 0)
			r = set_bundle(o, j, "metadata");
	} else {
		jt_remove(j, "data");
		jt_remove(j, "metadata");
	}
	return r;
}

static int remember_id(struct outputs *o, struct str id, struct json *output)
{
	struct outputs_id *at = ARENA_NEW(o->a, struct outputs_id);

	if (!at)
		return -ENOMEM;
	*at = (struct outputs_id){ map_get(&o->ids_, id), output };
	return map_set(&o->ids_, id, at, NULL);
}

static int parse_kept(struct outputs *o, struct str content, struct json **ret)
{
	struct str copy = arena_str(o->a, content);
	int r;

	if (!copy.ptr)
		return -ENOMEM;
	r = json_parse(o->a, copy, &limits, ret, NULL);
	if (r == 0)
		r = jt_dedup(*ret);
	if (r < 0)
		return r;
	return (*ret)->type == JSON_OBJECT ? 0 : -EINVAL;
}

/* Every output under that display_id shows this from now on; each gets its own
 * members, because their form on disk is made in place. */
static int update_all(struct outputs *o, struct str id, struct str content)
{
	for (struct outputs_id *at = map_get(&o->ids_, id); at; at = at->next) {
		struct json *j;
		int r = parse_kept(o, content, &j);

		if (r == 0)
			r = make_output(o, j, "display_data");
		if (r < 0)
			return r;
		at->output->first = j->first;
		at->output->n = j->n;
	}
	return 0;
}

/* What is shown under a display_id that is known also updates what was shown
 * under it before. */
static int add_output(struct outputs *o, const char *type, struct str content)
{
	struct json *j;
	struct str id;
	int r = parse_kept(o, content, &j);

	if (r < 0)
		return r;
	id = id_of(j);
	if (id.len && has_bundle(str_of(type)))
		r = update_all(o, id, content);
	if (r == 0)
		r = make_output(o, j, type);
	if (r == 0)
		r = begin_output(o);
	if (r < 0)
		return r;
	append(o, j);
	if (id.len && str_is(str_of(type), "display_data"))
		r = remember_id(o, id, j);
	return r;
}

static int add_update(struct outputs *o, struct str content)
{
	struct arena m = ARENA(content.len * 12 + (1U << 20));
	struct str id = outputs_display_id(&m, content);
	int r = id.len ? update_all(o, id, content) : 0;

	arena_fini(&m);
	return r;
}

static int add_page(struct outputs *o, struct str content)
{
	struct arena m = ARENA(content.len * 12 + (1U << 20));
	struct buf b = BUF(content.len + 64);
	struct json *j;
	const struct json *data = NULL;
	int r = json_parse(&m, content, &limits, &j, NULL);

	if (r == 0) {
		json_for_each(p, json_get(j, "payload"))
		{
			if (!data && str_is(json_str_or(p, "source", STR("")), "page"))
				data = json_get(p, "data");
		}
	}
	if (r == 0 && data && str_is(json_str_or(j, "status", STR("")), "ok")) {
		buf_put_z(&b, "{\"data\":");
		buf_put_str(&b, data->raw);
		buf_put_c(&b, '}');
		r = buf_error(&b);
		if (r == 0)
			r = add_output(o, "display_data", buf_str(&b));
	}
	buf_fini(&b);
	arena_fini(&m);
	return r;
}

static int add_clear(struct outputs *o, struct str content)
{
	struct arena m = ARENA(65536);
	bool wait = false;
	struct json *j;
	int r = json_parse(&m, content, NULL, &j, NULL);

	if (r == 0 && json_get_bool(j, "wait", &wait) < 0)
		wait = false;
	if (r == 0 && wait) {
		o->stream_ = STR_NONE;
		o->clear_next_ = true;
	} else if (r == 0) {
		clear(o);
	}
	arena_fini(&m);
	return r;
}

/* ---- going on later ---- */

static int put_ids(struct outputs *o, struct jsonw *w)
{
	size_t at = 0;
	struct str id;
	void *v;

	jw_key(w, "ids");
	jw_arr(w);
	while (map_next(&o->ids_, &at, &id, &v)) {
		for (struct outputs_id *it = v; it; it = it->next) {
			uint64_t index = 0;

			for (const struct json *out = o->list_->first; out && out != it->output;
			     out = out->next)
				index++;
			jw_arr(w);
			jw_str(w, id);
			jw_u64(w, index);
			jw_arr_end(w);
		}
	}
	jw_arr_end(w);
	return buf_error(w->b);
}

int outputs_snapshot(struct outputs *o, struct buf *ret)
{
	struct jsonw w = JSONW(ret);
	int r = settle(o);

	if (r < 0)
		return r;
	jw_obj(&w);
	jw_kv_bool(&w, "clear", o->clear_next_);
	if (o->stream_.len) {
		jw_kv_str(&w, "stream", o->stream_);
		jw_kv_u64(&w, "cursor", streamtext_cursor(&o->text_));
	}
	r = put_ids(o, &w);
	jw_key(&w, "outputs");
	jt_print(o->list_, ret);
	buf_put_c(ret, '}');
	return r < 0 ? r : buf_error(ret);
}

static int restore_id(struct outputs *o, const struct json *pair)
{
	const struct json *id = json_at(pair, 0), *at = json_at(pair, 1);
	struct json *out = o->list_->first;
	uint64_t index;

	if (!id || !at || id->type != JSON_STRING ||
	    str_to_u64(at->text, 0, o->list_->n, &index) < 0)
		return -EINVAL;
	while (out && index--)
		out = out->next;
	return out ? remember_id(o, id->text, out) : -EINVAL;
}

static int restore(struct outputs *o, struct str content)
{
	struct json *j, *list;
	uint64_t cursor = 0;
	int r = parse_kept(o, content, &j);

	list = r == 0 ? jt_get(j, "outputs") : NULL;
	if (r < 0 || !list || list->type != JSON_ARRAY)
		return r < 0 ? r : -EINVAL;
	clear(o);
	o->clear_next_ = false;
	if (json_get_bool(j, "clear", &o->clear_next_) < 0)
		o->clear_next_ = false;
	while (list->first) {
		struct json *out = list->first;

		list->first = out->next;
		append(o, out);
	}
	json_for_each(pair, json_get(j, "ids"))
	{
		r = restore_id(o, pair);
		if (r < 0)
			return r;
	}
	if (json_get_str(j, "stream", &o->stream_) == 0 && o->last_) {
		o->text_node_ = jt_get(o->last_, "text");
		if (!o->text_node_ || o->text_node_->type != JSON_STRING ||
		    json_get_u64(j, "cursor", SIZE_MAX, &cursor) < 0)
			return -EINVAL;
		streamtext_set(&o->text_, o->text_node_->text, cursor);
	}
	return 0;
}

int outputs_add(struct outputs *o, enum outputs_msg type, struct str content)
{
	switch (type) {
	case OUTPUTS_STREAM:
		return add_stream(o, content);
	case OUTPUTS_DISPLAY:
		return add_output(o, "display_data", content);
	case OUTPUTS_RESULT:
		return add_output(o, "execute_result", content);
	case OUTPUTS_ERROR:
		return add_output(o, "error", content);
	case OUTPUTS_UPDATE:
		return add_update(o, content);
	case OUTPUTS_CLEAR:
		return add_clear(o, content);
	case OUTPUTS_PAGE:
		return add_page(o, content);
	case OUTPUTS_SNAPSHOT:
		return restore(o, content);
	case OUTPUTS_NONE:
	default:
		return 0;
	}
}

struct json *outputs_list(struct outputs *o)
{
	return settle(o) == 0 && !arena_failed(o->a) ? o->list_ : NULL;
}
