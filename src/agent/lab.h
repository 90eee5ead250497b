/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JupyterLab's front end: the page, its static files, federated extensions,
 * and what the Lab endpoints share. Everything is read from disk when asked
 * for; nothing is kept but descriptors, a small page template and the list of
 * all settings.
 */
#pragma once

#include "agent/call.h"

#define LAB_DIRS_MAX 8

struct lab {
	int dir;                        /* cfg->lab, -1: none */
	int ide;                        /* cfg->ide, -1: none */
	const char *dirs[LAB_DIRS_MAX]; /* folders with federated extensions, first wins */
	size_t ndirs;
	struct arena strings;
	struct settings_kept *kept; /* settings_list.c; NULL: none */
};

MUST_CHECK int lab_init(struct agent *a, struct err *err);
void lab_fini(struct agent *a);

/* settings_list.c: what it kept. */
void settings_list_fini(struct lab *lab);

/* A file of cfg->lab; immutable when its name or `?v=` carries a hash. 404 by
 * itself. */
void lab_send(struct call *c, struct str rel, bool immutable);

/* Opens a regular file beneath a folder; -ENOENT for anything else. */
MUST_CHECK int lab_open_file(int dir, const char *rel);
/* s inside an attribute in double quotes. */
void lab_put_attr(struct buf *out, struct str s);

/* Folder of the schemas, and of overrides.json and page_config.json: the
 * configured ones or those of cfg->lab; NULL: none. */
const char *lab_schemas_dir(const struct agent *a, struct arena *m);
const char *lab_settings_dir(const struct agent *a, struct arena *m);

/* labext.c */
struct labext {
	struct str name; /* of package.json */
	const struct json *package;
	const char *dir; /* absolute */
};
typedef void labext_fn(const struct labext *e, void *arg);
/* Each federated extension once. */
void labext_each(struct call *c, struct arena *m, labext_fn *fn, void *arg);

/* labconfig.c: the user's and the site's page configuration, as a tree. */
struct json *labconfig_page(struct call *c, struct arena *m);
/* Folders of Jupyter's configuration, the least important first: the system's,
 * the Python prefix's, what `pip install --user` brings, JUPYTER_CONFIG_PATH,
 * the user's own. Returns how many. */
#define LABCONFIG_LEVELS 12
size_t labconfig_levels(const struct agent *a, struct arena *m,
                        const char *ret[LABCONFIG_LEVELS]);
/* Merges what ends in .json in DIR/SUB/SECTION.d, by name, then DIR/SUB/SECTION.json. */
void labconfig_section(struct arena *m, struct json *to, const char *dir, const char *sub,
                       struct str section);
/* Reads a JSON or JSON5 file into m; NULL when it is not there or broken. */
struct json *labconfig_read(struct arena *m, const char *path);
/* Members of `from` go over those of `to`, objects deep; null removes. */
MUST_CHECK int json_merge(struct arena *m, struct json *to, const struct json *from);

/* langpack.c: all catalogues of a language by name, in m; NULL: not installed. */
struct json *langpack_load(struct call *c, struct arena *m, struct str locale);

/* labpage.c, labapi.c, langpack.c, labplugins.c, workspaces.c */
call_fn lab_page, lab_page_doc, lab_page_other;
call_fn lab_translations, lab_translation, lab_listings, lab_licenses, lab_plugins,
    lab_plugins_post;
call_fn lab_build, lab_build_post, lab_news, lab_update, lab_lsp_status, lab_extensions,
    lab_extensions_post;
call_fn workspaces_list, workspace_get, workspace_put, workspace_delete, workspace_nameless;
