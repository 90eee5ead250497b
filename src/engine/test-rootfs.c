/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/rootfs.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "test.h"

static char tmp[64];

static void make(const char *id, const char *json, bool ready)
{
	char path[256];
	struct str text = str_of(json);

	(void)snprintf(path, sizeof(path), "%s/%s/rootfs/%s", tmp, id, ready ? "bin" : "");
	T_EQ(file_mkdirs(path, 0755, NULL), 0);
	(void)snprintf(path, sizeof(path), "%s/%s/image.json", tmp, id);
	T_EQ(file_write_atomic(AT_FDCWD, path, text, 0644, NULL), 0);
}

static const char *at(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", tmp, name);
	return path;
}

static void test_images(void)
{
	struct buf b = BUF(65536);
	struct jsonw w = JSONW(&b);
	struct arena a = ARENA(1 << 20);
	struct json *tree;
	struct image im = { 0 };
	char expect[256];

	(void)snprintf(tmp, sizeof(tmp), "/tmp/test-image-XXXXXX");
	T_OK(mkdtemp(tmp));
	make("d-1", "{\"id\":\"d-1\",\"name\":\"d\",\"created\":\"2026-01-01T00:00:00Z\"}",
	     true);
	make("d-2",
	     "{\"id\":\"d-2\",\"name\":\"d\",\"created\":\"2026-02-01T00:00:00Z\","
	     "\"size_bytes\":7,\"env\":{\"PATH\":\"/p\"}}",
	     true);
	make("d-3", "{\"id\":\"d-3\",\"name\":\"d\",\"created\":\"2026-03-01T00:00:00Z\"}",
	     false);
	make("e", "{\"id\":\"other\"}", true);
	make("f", "not json", true);
	make(".tmp-g", "{\"id\":\".tmp-g\"}", true);

	T_EQ(rootfs_list(tmp, &w, NULL), 0);
	T_EQ(json_parse(&a, buf_str(&b), NULL, &tree, NULL), 0);
	T_EQ(tree->n, 3);
	T_EQ(rootfs_find(tmp, STR("d"), &im, NULL), 0);
	(void)snprintf(expect, sizeof(expect), "%s/d-2/rootfs", tmp);
	T_STREQ(im.rootfs, expect);
	T_STREQ(im.path, "/p");
	T_EQ(rootfs_find(tmp, STR("d-1"), &im, NULL), 0);
	(void)snprintf(expect, sizeof(expect), "%s/d-1/rootfs", tmp);
	T_STREQ(im.rootfs, expect);
	T_EQ(rootfs_find(tmp, STR("d-3"), &im, NULL), -ENOENT);
	T_EQ(rootfs_find(tmp, STR("f"), &im, NULL), -ENOENT);
	T_EQ(rootfs_find(tmp, STR("../d-1"), &im, NULL), -ENOENT);
	T_EQ(rootfs_find("/nowhere", STR("d"), &im, NULL), -ENOENT);

	/* One that can't be read: others are found, but no name and no list is sure. */
	T_EQ(unlink(at("d-3/image.json")), 0);
	T_EQ(symlink("image.json", at("d-3/image.json")), 0);
	T_EQ(rootfs_find(tmp, STR("d-1"), &im, NULL), 0);
	T_EQ(rootfs_find(tmp, STR("d"), &im, NULL), -ELOOP);
	T_EQ(rootfs_find(tmp, STR("d-9"), &im, NULL), -ELOOP);
	buf_clear(&b);
	T_EQ(rootfs_list(tmp, &(struct jsonw)JSONW(&b), NULL), -ELOOP);
	arena_fini(&a);
	buf_fini(&b);
	T_EQ(file_remove_tree(AT_FDCWD, tmp, NULL), 0);
}

TEST_MAIN({ "images are listed whole, found by id and by name", test_images })
