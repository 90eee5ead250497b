/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bundle.h"

#include <errno.h>

#include "base/encode.h"
#include "base/json.h"
#include "engine/filter.h"

#define USERNS_IDS 65536
#define USER       "carrel"
#define USER_ID    1000
#define HOME       "/home/carrel"
#define CA_PATH    "/etc/ssl/certs/ca-certificates.crt"

static bool is_key(struct str k)
{
	for (size_t i = 0; i < k.len; i++) {
		char c = k.ptr[i];

		if (!(c == '_' || (c >= 'A' && c <= 'Z') || (i > 0 && c >= '0' && c <= '9')))
			return false;
	}
	return k.len > 0;
}

static int parse_env(struct arena *a, struct str env, struct json **ret, struct err *err)
{
	struct json *tree;
	int r;

	if (env.len == 0)
		env = STR("{}");
	r = json_parse(a, env, NULL, &tree, err);
	if (r < 0)
		return err_wrap(err, r, "env");
	if (tree->type != JSON_OBJECT)
		return ERR(err, -EINVAL, "env must be a JSON object of strings");
	json_for_each(v, tree) if (
	    v->type != JSON_STRING || !is_key(v->key) ||
	    (v->text.len &&
	     memchr(v->text.ptr, 0,
	            v->text.len))) return ERR(err, -EINVAL,
	                                      "env: names are upper case, values are strings");
	*ret = tree;
	return 0;
}

int bundle_check_env(struct str env, struct err *err)
{
	struct arena a = ARENA(1U << 20);
	struct json *tree;
	int r = parse_env(&a, env, &tree, err);

	arena_fini(&a);
	return r;
}

static void strings(struct jsonw *w, const char *key, const char *const *list)
{
	jw_key(w, key);
	jw_arr(w);
	while (list && *list)
		jw_z(w, *list++);
	jw_arr_end(w);
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void bind_mount(struct jsonw *w, const char *to, const char *dir, const char *sub,
                       const char *const *options)
{
	struct buf from = BUF(2048);

	buf_printf(&from, "%s%s", dir, sub);
	jw_obj(w);
	jw_kv_z(w, "destination", to);
	jw_kv_z(w, "type", "bind");
	jw_kv_str(w, "source", buf_str(&from));
	strings(w, "options", options);
	jw_obj_end(w);
	buf_fini(&from);
}

static void fs_mount(struct jsonw *w, const char *to, const char *type,
                     const char *const *options)
{
	jw_obj(w);
	jw_kv_z(w, "destination", to);
	jw_kv_z(w, "type", type);
	jw_kv_z(w, "source", type);
	strings(w, "options", options);
	jw_obj_end(w);
}

static void mounts(struct jsonw *w, const struct bundle *p)
{
	const char *const *ro = LIST("bind", "ro", "nosuid", "nodev", "noexec");
	char shm[32];

	(void)snprintf(shm, sizeof(shm), "size=%llu",
	               (unsigned long long)(p->memory_bytes / 2));
	jw_key(w, "mounts");
	jw_arr(w);
	fs_mount(w, "/proc", "proc", LIST("nosuid", "noexec", "nodev"));
	fs_mount(w, "/dev", "tmpfs", LIST("nosuid", "strictatime", "mode=755", "size=65536k"));
	fs_mount(
	    w, "/dev/pts", "devpts",
	    LIST("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"));
	fs_mount(w, "/dev/shm", "tmpfs", LIST("nosuid", "noexec", "nodev", "mode=1777", shm));
	fs_mount(w, "/dev/mqueue", "mqueue", LIST("nosuid", "noexec", "nodev"));
	fs_mount(w, "/sys", "sysfs", LIST("nosuid", "noexec", "nodev", "ro"));
	bind_mount(w, "/tmp", p->dir, "/scratch/tmp",
	           LIST("rbind", "rw", "nosuid", "nodev", "idmap"));
	bind_mount(w, "/run/carrel", p->socket_dir, "",
	           LIST("bind", "rw", "nosuid", "nodev", "noexec"));
	bind_mount(w, HOME, p->dir, "/volume/home",
	           LIST("rbind", "rw", "nosuid", "nodev", "idmap"));
	bind_mount(w, "/opt/carrel", p->dir, "/files", LIST("bind", "ro", "nosuid", "nodev"));
	bind_mount(w, "/etc/resolv.conf", p->dir, "/resolv.conf", ro);
	bind_mount(w, "/etc/hosts", p->dir, "/hosts", ro);
	if (p->ca_file)
		bind_mount(w, CA_PATH, p->ca_file, "", ro);
	jw_arr_end(w);
}

static void mapping(struct jsonw *w, const char *key, uint32_t base)
{
	jw_key(w, key);
	jw_arr(w);
	jw_obj(w);
	jw_kv_u64(w, "containerID", 0);
	jw_kv_u64(w, "hostID", base);
	jw_kv_u64(w, "size", USERNS_IDS);
	jw_obj_end(w);
	jw_arr_end(w);
}

static void linux_part(struct jsonw *w, const struct bundle *p)
{
	static const char *const namespaces[] = { "pid",     "ipc",  "uts",   "mount",
		                                  "network", "user", "cgroup" };

	jw_key(w, "linux");
	jw_obj(w);
	jw_key(w, "namespaces");
	jw_arr(w);
	for (size_t i = 0; i < ARRAY_LEN(namespaces); i++) {
		jw_obj(w);
		jw_kv_z(w, "type", namespaces[i]);
		jw_obj_end(w);
	}
	jw_arr_end(w);
	jw_kv_z(w, "rootfsPropagation", "private");
	strings(w, "maskedPaths",
	        LIST("/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys",
	             "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
	             "/proc/sched_debug", "/proc/scsi", "/proc/interrupts", "/proc/kallsyms",
	             "/proc/vmallocinfo", "/sys/firmware", "/sys/devices/virtual/powercap",
	             "/sys/kernel/debug", "/sys/kernel/security"));
	strings(w, "readonlyPaths",
	        LIST("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"));
	mapping(w, "uidMappings", p->userns_base);
	mapping(w, "gidMappings", p->userns_base);
	if (p->seccomp_bpf.len == 0) {
		jw_key(w, "seccomp");
		filter_json(w);
	}
	jw_obj_end(w);
}

static void rlimit(struct jsonw *w, const char *type, uint64_t soft, uint64_t hard)
{
	jw_obj(w);
	jw_kv_z(w, "type", type);
	jw_kv_u64(w, "soft", soft < hard ? soft : hard);
	jw_kv_u64(w, "hard", hard);
	jw_obj_end(w);
}

static void put_env(struct jsonw *w, const char *key, struct str value)
{
	struct buf b = BUF(131072);

	buf_printf(&b, "%s=%.*s", key, STR_ARG(value));
	jw_str(w, buf_str(&b));
	buf_fini(&b);
}

static void process(struct jsonw *w, const struct bundle *p)
{
	/* The agent's: to become the user, and to end what the user started. */
	const char *const *caps = LIST("CAP_SETUID", "CAP_SETGID", "CAP_KILL");
	uint64_t nofile = p->nofile_hard < 65536 ? p->nofile_hard : 65536;

	jw_key(w, "process");
	jw_obj(w);
	jw_kv_bool(w, "terminal", false);
	jw_kv_raw(w, "user", STR("{\"uid\":0,\"gid\":0,\"umask\":18}"));
	strings(w, "args", LIST("/opt/carrel/bin/carrel-agent", "session"));
	jw_kv_z(w, "cwd", "/");
	jw_kv_bool(w, "noNewPrivileges", true);
	jw_key(w, "env");
	jw_arr(w);
	put_env(w, "PATH", p->path);
	put_env(w, "HOME", STR("/"));
	put_env(w, "LANG", STR("C.UTF-8"));
	jw_arr_end(w);
	jw_key(w, "capabilities");
	jw_obj(w);
	strings(w, "bounding", caps);
	strings(w, "effective", caps);
	strings(w, "permitted", caps);
	strings(w, "inheritable", NULL);
	strings(w, "ambient", NULL);
	jw_obj_end(w);
	jw_key(w, "rlimits");
	jw_arr(w);
	rlimit(w, "RLIMIT_NOFILE", 4096, nofile);
	rlimit(w, "RLIMIT_CORE", 0, 0);
	rlimit(w, "RLIMIT_MEMLOCK", 65536, 65536);
	jw_arr_end(w);
	jw_kv_i64(w, "oomScoreAdj", 0);
	jw_obj_end(w);
}

int bundle_config(const struct bundle *p, struct buf *b, struct err *err)
{
	struct buf bpf = BUF(1U << 20);
	struct jsonw w = JSONW(b);

	jw_obj(&w);
	jw_kv_z(&w, "ociVersion", "1.0.2");
	jw_kv_str(&w, "hostname", p->hostname);
	jw_key(&w, "root");
	jw_obj(&w);
	jw_kv_z(&w, "path", "root");
	jw_kv_bool(&w, "readonly", false);
	jw_obj_end(&w);
	process(&w, p);
	mounts(&w, p);
	linux_part(&w, p);
	if (p->seccomp_bpf.len) {
		base64_put(&bpf, p->seccomp_bpf, 0);
		jw_key(&w, "annotations");
		jw_obj(&w);
		jw_kv_str(&w, "run.oci.seccomp_bpf_data", buf_str(&bpf));
		jw_obj_end(&w);
	}
	jw_obj_end(&w);
	buf_fini(&bpf);
	return buf_error(b) < 0 ? ERR(err, buf_error(b), "the bundle is too large") : 0;
}

static void kv_if(struct jsonw *w, const char *key, const char *value)
{
	if (value && value[0])
		jw_kv_z(w, key, value);
}

static void env_member(struct jsonw *w, const struct json *v)
{
	jw_key_str(w, v->key);
	jw_raw(w, v->raw);
}

static void user_env(struct jsonw *w, const struct bundle *p, const struct json *env)
{
	static const char *const ca[] = { "PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE",
		                          "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS" };

	jw_key(w, "env");
	jw_obj(w);
	jw_kv_z(w, "LANG", "C.UTF-8");
	kv_if(w, "http_proxy", p->http_proxy);
	kv_if(w, "HTTP_PROXY", p->http_proxy);
	kv_if(w, "https_proxy", p->https_proxy);
	kv_if(w, "HTTPS_PROXY", p->https_proxy);
	kv_if(w, "no_proxy", p->no_proxy);
	kv_if(w, "NO_PROXY", p->no_proxy);
	kv_if(w, "PIP_INDEX_URL", p->pip_index_url);
	kv_if(w, "PIP_EXTRA_INDEX_URL", p->pip_extra_index_url);
	kv_if(w, "npm_config_registry", p->npm_registry);
	for (size_t i = 0; p->ca_file && i < ARRAY_LEN(ca); i++)
		jw_kv_z(w, ca[i], CA_PATH);
	json_for_each(v, env) if (!str_is(v->key, "LANG") && !str_is(v->key, "PATH"))
	    env_member(w, v);
	jw_obj_end(w);
}

int bundle_agent_config(const struct bundle *p, struct buf *b, struct err *err)
{
	struct arena a = ARENA(1U << 20);
	struct jsonw w = JSONW(b);
	struct json *env = NULL;
	int r = parse_env(&a, p->env, &env, err);

	if (r < 0)
		goto out;
	jw_obj(&w);
	jw_kv_str(&w, "session", p->session);
	/* Its name comes with each request (X-Carrel-Workspace); this is for those without. */
	jw_kv_str(&w, "workspace", p->hostname);
	jw_kv_z(&w, "root", HOME);
	jw_key(&w, "user");
	jw_obj(&w);
	jw_kv_u64(&w, "uid", USER_ID);
	jw_kv_u64(&w, "gid", USER_ID);
	jw_kv_z(&w, "name", USER);
	jw_kv_z(&w, "home", HOME);
	jw_obj_end(&w);
	jw_kv_z(&w, "lab", "/opt/carrel/lab");
	jw_kv_str(&w, "path", p->path);
	user_env(&w, p, env);
	jw_obj_end(&w);
	r = buf_error(b) < 0 ? ERR(err, buf_error(b), "the agent's configuration is too large")
	                     : 0;
out:
	arena_fini(&a);
	return r;
}

void bundle_hosts(const struct bundle *p, struct buf *b)
{
	buf_printf(b, "127.0.0.1\tlocalhost\n127.0.1.1\t%.*s\n", STR_ARG(p->hostname));
}

void bundle_resolv_conf(const struct bundle *p, struct buf *b)
{
	struct str rest = p->dns, one;

	while (str_split(&rest, ' ', &one))
		if (one.len > 0)
			buf_printf(b, "nameserver %.*s\n", STR_ARG(one));
}
