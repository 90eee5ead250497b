/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JupyterLab's languages. A language pack is a Python package that names itself
 * in its entry points (group `jupyterlab.languagepack`, as pip installs
 * jupyterlab-language-pack-*); an extension may bring translations of its own
 * (group `jupyterlab.locale`). Both hold compiled catalogues, plain JSON, so
 * nothing of Python is run: what pip installed a moment ago is there at the next
 * page load.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "agent/jsontree.h"
#include "agent/lab.h"
#include "agent/pump.h"
#include "agent/python.h"
#include "base/file.h"

#define ENTRY_MAX    ((size_t)64 << 10)
#define PACKS_MAX    256U
#define DEPTH_MAX    6U
#define CATALOGS_MAX 1024U
#define ANSWER_MAX   ((size_t)32 << 20)
#define PSEUDO       "ach_UG" /* for translators: the page shows message ids */

/* Names as CLDR has them. */
/* clang-format off */
static const struct {
	const char *locale, *name, *native;
} languages[] = {
	{ "ar_SA", "Arabic (Saudi Arabia)", "العربية (المملكة العربية السعودية)" },
	{ "ca_ES", "Catalan (Spain)", "Català (Espanya)" },
	{ "cs_CZ", "Czech (Czechia)", "Čeština (Česko)" },
	{ "da_DK", "Danish (Denmark)", "Dansk (Danmark)" },
	{ "de_DE", "German (Germany)", "Deutsch (Deutschland)" },
	{ "el_GR", "Greek (Greece)", "Ελληνικά (Ελλάδα)" },
	{ "es_ES", "Spanish (Spain)", "Español (España)" },
	{ "et_EE", "Estonian (Estonia)", "Eesti (Eesti)" },
	{ "fa_IR", "Persian (Iran)", "فارسی (ایران)" },
	{ "fi_FI", "Finnish (Finland)", "Suomi (Suomi)" },
	{ "fr_FR", "French (France)", "Français (France)" },
	{ "he_IL", "Hebrew (Israel)", "עברית (ישראל)" },
	{ "hi_IN", "Hindi (India)", "हिन्दी (भारत)" },
	{ "hu_HU", "Hungarian (Hungary)", "Magyar (Magyarország)" },
	{ "hy_AM", "Armenian (Armenia)", "Հայերեն (Հայաստան)" },
	{ "id_ID", "Indonesian (Indonesia)", "Indonesia (Indonesia)" },
	{ "it_IT", "Italian (Italy)", "Italiano (Italia)" },
	{ "ja_JP", "Japanese (Japan)", "日本語 (日本)" },
	{ "ka_GE", "Georgian (Georgia)", "ქართული (საქართველო)" },
	{ "ko_KR", "Korean (South Korea)", "한국어 (대한민국)" },
	{ "lt_LT", "Lithuanian (Lithuania)", "Lietuvių (Lietuva)" },
	{ "nb_NO", "Norwegian Bokmål (Norway)", "Norsk bokmål (Norge)" },
	{ "nl_NL", "Dutch (Netherlands)", "Nederlands (Nederland)" },
	{ "no_NO", "Norwegian (Norway)", "Norsk (Norge)" },
	{ "pl_PL", "Polish (Poland)", "Polski (Polska)" },
	{ "pt_BR", "Portuguese (Brazil)", "Português (Brasil)" },
	{ "pt_PT", "Portuguese (Portugal)", "Português (Portugal)" },
	{ "ro_RO", "Romanian (Romania)", "Română (România)" },
	{ "ru_RU", "Russian (Russia)", "Русский (Россия)" },
	{ "si_LK", "Sinhala (Sri Lanka)", "සිංහල (ශ්‍රී ලංකාව)" },
	{ "sk_SK", "Slovak (Slovakia)", "Slovenčina (Slovensko)" },
	{ "sv_SE", "Swedish (Sweden)", "Svenska (Sverige)" },
	{ "ta_IN", "Tamil (India)", "தமிழ் (இந்தியா)" },
	{ "th_TH", "Thai (Thailand)", "ไทย (ไทย)" },
	{ "tr_TR", "Turkish (Türkiye)", "Türkçe (Türkiye)" },
	{ "uk_UA", "Ukrainian (Ukraine)", "Українська (Україна)" },
	{ "vi_VN", "Vietnamese (Vietnam)", "Tiếng Việt (Việt Nam)" },
	{ "zh_CN", "Chinese (Simplified, China)", "中文 (简体, 中国)" },
	{ "zh_TW", "Chinese (Traditional, Taiwan)", "中文 (繁體, 台灣)" },
	{ PSEUDO, "Pseudo-language", "to translate the UI" },
};
/* clang-format on */

/* ISO 639-1, in pairs. */
static const char iso639[] =
    "aaabaeafakamanarasavayazbabebgbhbibmbnbobrbscacechcocrcscucvcydadedvdzeeeleneoeseteufafffi"
    "fjfofrfygagdglgngugvhahehihohrhthuhyhziaidieigiiikioisitiujajvkakgkikjkkklkmknkokrkskukvkw"
    "kylalblglilnlolt"
    "lulvmgmhmimkmlmnmrmsmtmynanbndnengnlnnnonrnvnyocojomorospapiplpsptqurmrnrorurwsascsdsesgsi"
    "skslsmsnsosqsrssstsusvswtatetgthtitktltntotrtstttwtyugukuruzvevivowawoxhyiyozazhzu";

/* "de", "pt_BR", "zh-Hans": a language, then a country or a script. */
static bool locale_ok(struct str s)
{
	struct str rest = str_sub(s, 3, s.len);
	bool known = false;

	for (size_t i = 0; s.len >= 2 && i + 2 < sizeof(iso639); i += 2)
		if (memcmp(iso639 + i, s.ptr, 2) == 0)
			known = true;
	if (!known || s.len == 2)
		return known;
	if ((s.ptr[2] != '_' && s.ptr[2] != '-') || rest.len < 2 || rest.len > 8)
		return false;
	for (size_t i = 0; i < rest.len; i++) {
		char l = (char)(rest.ptr[i] | 0x20);

		if ((l < 'a' || l > 'z') && rest.ptr[i] != '_')
			return false;
	}
	return true;
}

/* What the entry points of installed packages say. */
struct pack {
	struct str name; /* a locale, or the name of an extension's catalogue */
	const char *dir; /* of the Python package */
	bool language;   /* a language pack; else an extension's translations */
};

struct packs {
	struct arena *m;
	struct pack list[PACKS_MAX];
	size_t n;
	const char *site;
};

static bool word_ok(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i], l = (char)(c | 0x20);

		if (!((l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
		      c == '-' || c == '.'))
			return false;
	}
	return s.len > 0 && s.ptr[0] != '.';
}

/* "fr_FR = jupyterlab_language_pack_fr_FR", perhaps "module:attribute". */
static void add_pack(struct packs *p, struct str line, bool language)
{
	size_t eq = str_chr(line, '=', 0);
	struct str name = str_trim(str_sub(line, 0, eq)),
	           module = str_trim(str_sub(line, eq + 1, line.len)), rest, part;
	struct buf dir = BUF(PATH_MAX);

	module = str_trim(str_sub(module, 0, str_chr(module, ':', 0)));
	if (p->n >= PACKS_MAX || !word_ok(name) || !word_ok(module))
		return;
	/* The user's own come first, as in Python's path. */
	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].language == language && str_eq(p->list[i].name, name))
			return;
	buf_put_z(&dir, p->site);
	for (rest = module; str_split(&rest, '.', &part);)
		buf_printf(&dir, "/%.*s", STR_ARG(part));
	p->list[p->n].name = arena_str(p->m, name);
	p->list[p->n].dir = buf_error(&dir) ? NULL : arena_strz(p->m, buf_str(&dir));
	p->list[p->n].language = language;
	if (p->list[p->n].name.ptr && p->list[p->n].dir)
		p->n++;
	buf_fini(&dir);
}

static void read_entry_points(struct packs *p, const char *path)
{
	struct buf b = BUF(ENTRY_MAX);
	struct str rest, line, section = STR_NONE;

	if (file_read(AT_FDCWD, path, &b, NULL) < 0)
		buf_clear(&b);
	for (rest = buf_str(&b); rest.len && str_split(&rest, '\n', &line);) {
		if (line.len && line.ptr[line.len - 1] == '\r')
			line.len--;
		line = str_trim(line);
		if (line.len && line.ptr[0] == '[')
			section = line;
		else if (str_is(section, "[jupyterlab.languagepack]"))
			add_pack(p, line, true);
		else if (str_is(section, "[jupyterlab.locale]"))
			add_pack(p, line, false);
	}
	buf_fini(&b);
}

static bool on_site(const char *site, void *arg)
{
	struct packs *p = arg;
	DIR *d = opendir(site);
	char path[PATH_MAX];
	struct dirent *e;

	p->site = site;
	while (d && (e = readdir(d))) {
		struct str name = str_of(e->d_name);

		if ((str_ends(name, STR(".dist-info")) || str_ends(name, STR(".egg-info"))) &&
		    snprintf(path, sizeof(path), "%s/%s/entry_points.txt", site, e->d_name) <
		        (int)sizeof(path))
			read_entry_points(p, path);
	}
	if (d)
		(void)closedir(d);
	return false;
}

static struct packs *find_packs(struct call *c, struct arena *m)
{
	struct packs *p = ARENA_NEW(m, struct packs);

	if (!p)
		return NULL;
	p->m = m;
	python_each_site(c->a, m, on_site, p);
	return p;
}

static void put_language(struct jsonw *w, struct str locale)
{
	const char *name = NULL, *native = NULL;

	for (size_t i = 0; i < ARRAY_LEN(languages); i++) {
		if (str_is(locale, languages[i].locale)) {
			name = languages[i].name;
			native = languages[i].native;
		}
	}
	jw_key_str(w, locale);
	jw_obj(w);
	jw_kv_str(w, "displayName", name ? str_of(name) : locale);
	jw_kv_str(w, "nativeName", native ? str_of(native) : locale);
	jw_obj_end(w);
}

void lab_translations(struct call *c)
{
	struct arena m = ARENA(4U << 20);
	struct buf b = BUF(256U << 10), bad = BUF(4096);
	struct jsonw w = JSONW(&b);
	struct packs *p = find_packs(c, &m);

	jw_obj(&w);
	jw_key(&w, "data");
	jw_obj(&w);
	jw_key(&w, "en");
	jw_raw(&w, STR("{\"displayName\":\"English\",\"nativeName\":\"English\"}"));
	for (size_t i = 0; p && i < p->n; i++) {
		if (!p->list[i].language)
			continue;
		if (locale_ok(p->list[i].name) || str_is(p->list[i].name, PSEUDO))
			put_language(&w, p->list[i].name);
		else
			buf_printf(&bad, "%s'%.*s'", buf_len(&bad) ? ", " : "",
			           STR_ARG(p->list[i].name));
	}
	jw_obj_end(&w);
	jw_kv_str(&w, "message",
	          buf_len(&bad) ? arena_printf(&m, "The following locales are invalid: [%.*s]!",
	                                       STR_ARG(buf_str(&bad)))
	                        : STR(""));
	jw_obj_end(&w);
	call_reply(c, 200, &b);
	buf_fini(&b);
	buf_fini(&bad);
	arena_fini(&m);
}

/* The catalogues of one language. */
struct answer {
	struct arena *m;
	struct packs *packs;
	struct str locale;
	struct json *catalogs; /* by name: an object of them */
	unsigned files;
};

/* "4.5.post3" against "4.10": numbers by value; what is no number ends it. */
static int version_cmp(struct str a, struct str b)
{
	while (a.len || b.len) {
		struct str x = STR("0"), y = STR("0");
		uint64_t i = 0, j = 0;

		if (a.len)
			(void)str_split(&a, '.', &x);
		if (b.len)
			(void)str_split(&b, '.', &y);
		if (str_to_u64(x, 0, UINT64_MAX, &i) < 0 ||
		    str_to_u64(y, 0, UINT64_MAX, &j) < 0)
			return str_cmp(x, y);
		if (i != j)
			return i < j ? -1 : 1;
	}
	return 0;
}

/* An extension's own catalogue counts where the pack has none, or key by key
 * where it is the newer one of the same domain. */
static void merge_extension(struct answer *a, const char *name, struct json *own)
{
	struct json *pack = jt_get(a->catalogs, name), *next;
	const struct json *pm = json_get(pack, ""), *om = json_get(own, "");
	struct str pv, ov, pd, od;

	if (!pack) {
		jt_set(a->catalogs, str_of(name), own);
		return;
	}
	if (json_get_str(pm, "version", &pv) < 0 || json_get_str(om, "version", &ov) < 0 ||
	    json_get_str(pm, "domain", &pd) < 0 || json_get_str(om, "domain", &od) < 0 ||
	    !str_eq(pd, od) || version_cmp(ov, pv) <= 0)
		return;
	for (struct json *v = own->first; v; v = next) {
		next = v->next;
		jt_set(pack, v->key, v);
	}
}

static void catalog(struct answer *a, const char *dir, const char *file)
{
	struct str name = str_of(file);
	char path[PATH_MAX];
	struct json *j;

	if (!str_ends(name, STR(".json")) || a->files++ >= CATALOGS_MAX ||
	    snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path))
		return;
	j = labconfig_read(a->m, path);
	name = arena_str(a->m, str_sub(name, 0, name.len - 5));
	if (j && j->type == JSON_OBJECT && name.ptr)
		jt_set(a->catalogs, name, j);
}

static void walk(struct answer *a, const char *dir, unsigned depth)
{
	DIR *d = opendir(dir);
	char path[PATH_MAX];
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		if (e->d_type != DT_DIR)
			catalog(a, dir, e->d_name);
		else if (depth < DEPTH_MAX && snprintf(path, sizeof(path), "%s/%s", dir,
		                                       e->d_name) < (int)sizeof(path))
			walk(a, path, depth + 1);
	}
	if (d)
		(void)closedir(d);
}

/* <package>/locale/<locale, in any case>/LC_MESSAGES/<name>.json */
static void extension(struct answer *a, const struct pack *p)
{
	char path[PATH_MAX];
	struct json *j = NULL;
	struct dirent *e;
	DIR *d;

	if (snprintf(path, sizeof(path), "%s/locale", p->dir) >= (int)sizeof(path))
		return;
	d = opendir(path);
	while (d && !j && (e = readdir(d))) {
		if (!str_ieq(str_of(e->d_name), a->locale) ||
		    snprintf(path, sizeof(path), "%s/locale/%s/LC_MESSAGES/%.*s.json", p->dir,
		             e->d_name, STR_ARG(p->name)) >= (int)sizeof(path))
			continue;
		j = labconfig_read(a->m, path);
	}
	if (d)
		(void)closedir(d);
	if (j && j->type == JSON_OBJECT)
		merge_extension(a, arena_strz(a->m, p->name), j);
}

struct json *langpack_load(struct call *c, struct arena *m, struct str locale)
{
	struct answer a = { .m = m, .locale = locale, .packs = find_packs(c, m) };
	bool found = false;

	a.catalogs = jt_new(m, JSON_OBJECT);
	if (!a.packs || !a.catalogs || (!locale_ok(locale) && !str_is(locale, PSEUDO)))
		return NULL;
	for (size_t i = 0; i < a.packs->n; i++) {
		const struct pack *p = &a.packs->list[i];

		if (p->language && str_eq(p->name, locale)) {
			found = true;
			walk(&a, p->dir, 0);
		}
	}
	for (size_t i = 0; found && i < a.packs->n; i++)
		if (!a.packs->list[i].language)
			extension(&a, &a.packs->list[i]);
	return found ? a.catalogs : NULL;
}

static struct str message(struct call *c, struct str loc, bool found)
{
	bool english = str_is(loc, "en") || str_starts(loc, STR("en_"));

	if (found || english)
		return STR("");
	return arena_printf(&c->r->arena,
	                    locale_ok(loc) ? "Language pack '%.*s' not installed!"
	                                   : "Language pack '%.*s' not valid!",
	                    STR_ARG(str_sub(loc, 0, 40)));
}

/* English is what the front end holds by itself; it is "default" too. */
void lab_translation(struct call *c)
{
	struct str loc = str_is(c->arg[0], "default") ? STR("en") : c->arg[0];
	struct arena m = ARENA(64U << 20);
	struct buf b = BUF(ANSWER_MAX);
	struct jsonw w = JSONW(&b);
	struct json *catalogs = langpack_load(c, &m, loc);

	jw_obj(&w);
	jw_kv_str(&w, "message", message(c, loc, catalogs != NULL));
	jw_key(&w, "data");
	if (catalogs)
		jt_print(catalogs, &b);
	else
		buf_put_z(&b, "{}");
	buf_put_c(&b, '}');
	arena_fini(&m);
	pump_buf(c, 200, &b);
}
