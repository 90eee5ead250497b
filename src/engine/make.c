/* SPDX-License-Identifier: Apache-2.0 */
/* A new session's folders: the socket folder first, then the bundle under a
 * temporary name, which is renamed when it is whole. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "engine/bundle.h"
#include "engine/local.h"
#include "engine/rootfs.h"

#define READY_SECONDS 60
#define TEXT_MAX      (1U << 20)

struct place {
	char dir[256], tmp[256], sockets[256];
};

static int write_text(const char *dir, const char *name, struct buf *b, uid_t owner,
                      mode_t mode, struct err *err)
{
	char path[512];
	autoclose int fd = -1;
	int r = buf_error(b);

	if (r < 0)
		return ERR(err, r, "%s is too large", name);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return ERR(err, -errno, "can't make %s: %m", path);
	r = file_write_all(fd, buf_str(b), err);
	if (r == 0 && (fchown(fd, owner, owner) < 0 || fchmod(fd, mode) < 0))
		r = ERR(err, -errno, "can't set the owner of %s: %m", path);
	buf_clear(b);
	return r;
}

static int make_folder(const char *dir, const char *name, uid_t uid, gid_t gid, mode_t mode,
                       struct err *err)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s%s", dir, name);
	if (mkdir(path, 0700) < 0 || chown(path, uid, gid) < 0 || chmod(path, mode) < 0)
		return ERR(err, -errno, "can't make %s: %m", path);
	return 0;
}

static int fill_bundle(struct local *l, const struct bundle *p, const struct place *at,
                       struct err *err)
{
	static const char *const folders[] = { "/root", "/lower", "/volume", "/scratch",
		                               "/files" };
	struct buf b = BUF(TEXT_MAX);
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(folders); i++)
		r = make_folder(at->tmp, folders[i], 0, 0, 0755, err);
	if (r == 0)
		r = bundle_config(p, &b, err);
	if (r == 0)
		r = write_text(at->tmp, "config.json", &b, 0, 0600, err);
	if (r == 0) {
		bundle_hosts(p, &b);
		r = write_text(at->tmp, "hosts", &b, 0, 0644, err);
	}
	if (r == 0) {
		bundle_resolv_conf(p, &b);
		r = write_text(at->tmp, "resolv.conf", &b, 0, 0644, err);
	}
	if (r == 0)
		r = bundle_agent_config(p, &b, err);
	if (r == 0)
		r = write_text(at->sockets, "config.json", &b, p->userns_base, 0400, err);
	buf_fini(&b);
	return r;
}

static int set(char *to, size_t n, const char *a, const char *b, struct err *err)
{
	if ((size_t)snprintf(to, n, "%s%s", a, b) >= n)
		return ERR(err, -ENAMETOOLONG, "the path %s is too long", a);
	return 0;
}

static int fill_conf(struct local *l, const struct wire_session_start *m, const char *key,
                     unsigned index, const struct image *image, const struct place *at,
                     struct shim_conf *c, struct err *err)
{
	char id[41];
	int r;

	(void)snprintf(id, sizeof(id), "%.*s", STR_ARG(m->volume_id));
	(void)snprintf(c->session, sizeof(c->session), "%.*s", STR_ARG(m->session));
	c->epoch = m->epoch;
	c->userns_base = slot_userns_base(l->cfg->slot, index);
	c->cpu_milli = m->cpu_milli;
	c->memory_bytes = m->memory_bytes;
	c->pids = m->pids;
	if (l->no_network.code == 0)
		slot_ifname(l->cfg->slot, index, c->ifname);
	c->host_ip = slot_host_ip(l->network, l->cfg->slot, index);
	c->mtu = l->mtu;
	c->idle_seconds = m->idle_seconds;
	c->max_seconds = m->max_seconds;
	c->calendar_at_boot_ns = m->calendar_at_boot_ns;
	c->lease_until_boot_ns = m->lease_until_boot_ns;
	c->ready_seconds = READY_SECONDS;
	cghost_session(&l->cgroups, key, c);
	r = set(c->dir, sizeof(c->dir), at->dir, "", err);
	if (r == 0)
		r = set(c->socket_dir, sizeof(c->socket_dir), at->sockets, "", err);
	if (r == 0)
		r = set(c->journal_dir, sizeof(c->journal_dir), l->journals, "", err);
	if (r == 0 && (size_t)snprintf(c->log, sizeof(c->log), "%s/log/%s.log", l->cfg->state,
	                               key) >= sizeof(c->log))
		r = ERR(err, -ENAMETOOLONG, "the path %s is too long", l->cfg->state);
	if (r == 0)
		r = set(c->runtime, sizeof(c->runtime), l->runtime, "", err);
	if (r == 0)
		r = set(c->runtime_root, sizeof(c->runtime_root), l->cfg->run_dir, "/runtime",
		        err);
	if (r == 0)
		r = set(c->image, sizeof(c->image), image->rootfs, "", err);
	if (r == 0)
		r = set(c->scratch, sizeof(c->scratch), l->scratch, "", err);
	if (r == 0)
		r = set(c->files, sizeof(c->files), l->cfg->session_dir, "", err);
	if (r == 0)
		volume_path(l->volumes, id, c->volume);
	return r;
}

static int write_conf(const struct shim_conf *c, const struct place *at, struct err *err)
{
	struct buf b = BUF(SHIM_FILE_MAX);
	int r;

	shim_conf_put(&b, c);
	r = write_text(at->tmp, "shim.conf", &b, 0, 0600, err);
	buf_fini(&b);
	return r;
}

static int check_room(const struct local *l, const char *volume, struct err *err)
{
	struct statvfs fs;

	if (access(volume, F_OK) < 0)
		return ERR(err, -ENOENT, "the workspace's volume is not there");
	if (statvfs(l->volumes, &fs) == 0 &&
	    (uint64_t)fs.f_bavail * fs.f_frsize < l->cfg->pool_low_bytes)
		return ERR(
		    err, -ENOSPC,
		    "this host's disk is nearly full: no session can start before space is "
		    "freed under %s",
		    l->volumes);
	return 0;
}

static int make_all(struct local *l, const struct wire_session_start *m, const char *key,
                    unsigned index, const struct place *at, struct err *err)
{
	struct shim_conf *c = xcalloc(1, sizeof(*c));
	struct image *image = xcalloc(1, sizeof(*image));
	uint32_t base = slot_userns_base(l->cfg->slot, index);
	struct bundle p = {
		.session = m->session,
		.hostname = m->hostname,
		.userns_base = base,
		.memory_bytes = m->memory_bytes,
		.pids = m->pids,
		.dir = at->dir,
		.socket_dir = at->sockets,
		.ca_file = l->ca_file[0] ? l->ca_file : NULL,
		.env = m->env,
		.http_proxy = l->cfg->http_proxy,
		.https_proxy = l->cfg->https_proxy,
		.no_proxy = l->cfg->no_proxy,
		.pip_index_url = l->cfg->pip_index_url,
		.pip_extra_index_url = l->cfg->pip_extra_index_url,
		.npm_registry = l->cfg->npm_registry,
		.seccomp_bpf = buf_str(&l->bpf),
		.dns = buf_str(&l->dns),
		.nofile_hard = l->nofile_hard,
	};
	int r = rootfs_find(l->cfg->image_dir, m->image_id, image, err);

	p.path = str_of(image->path);
	if (r == 0)
		r = fill_conf(l, m, key, index, image, at, c, err);
	if (r == 0)
		r = check_room(l, c->volume, err);
	if (r == 0)
		r = make_folder(at->sockets, "", base, l->cfg->edge_gid, 0750, err);
	/* The runtime, as the session's root, passes through on its way to root/. */
	if (r == 0)
		r = make_folder(at->tmp, "", 0, 0, 0711, err);
	if (r == 0)
		r = fill_bundle(l, &p, at, err);
	if (r == 0)
		r = write_conf(c, at, err);
	if (r == 0 && rename(at->tmp, at->dir) < 0)
		r = ERR(err, -errno, "can't name %s: %m", at->dir);
	free(image);
	free(c);
	return r;
}

int make_session(struct local *l, const struct wire_session_start *m, const char *key,
                 unsigned index, struct err *err)
{
	struct place at;
	int r;

	(void)snprintf(at.dir, sizeof(at.dir), "%s/sessions/%s", l->cfg->run_dir, key);
	(void)snprintf(at.tmp, sizeof(at.tmp), "%s/sessions/.tmp-%s", l->cfg->run_dir, key);
	(void)snprintf(at.sockets, sizeof(at.sockets), "%s/edge/s/%s", l->cfg->run_dir, key);
	/* Of a former try that was cut short. */
	if (file_remove_tree(AT_FDCWD, at.tmp, err) < 0 && err->code != -ENOENT)
		return err->code;
	if (file_remove_tree(AT_FDCWD, at.sockets, err) < 0 && err->code != -ENOENT)
		return err->code;
	*err = ERR_NONE;
	r = make_all(l, m, key, index, &at, err);
	if (r < 0) {
		(void)!file_remove_tree(AT_FDCWD, at.tmp, NULL);
		(void)!file_remove_tree(AT_FDCWD, at.sockets, NULL);
	}
	return r;
}
