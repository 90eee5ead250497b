/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config-table.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#define KIB  (UINT64_C(1) << 10)
#define GIB  (UINT64_C(1) << 30)
#define TIB  (UINT64_C(1) << 40)
#define HOUR UINT64_C(3600)
#define DAY  UINT64_C(86400)

#define TEXT(sec, k, field, def, text)                                                     \
	{                                                                                  \
		sec, k, CONFIG_TEXT, offsetof(struct config, field), 0, 0, NULL, def, text \
	}
#define PATH(sec, k, field, def, text)                                                     \
	{                                                                                  \
		sec, k, CONFIG_PATH, offsetof(struct config, field), 0, 0, NULL, def, text \
	}
#define NUM(sec, k, kind, field, min, max, def, text)                                   \
	{                                                                               \
		sec, k, kind, offsetof(struct config, field), min, max, NULL, def, text \
	}
#define IN(type, field) offsetof(struct config_##type, field)

/* clang-format off */
const struct config_key config_keys[] = {
	PATH("server", "state", state, "/var/lib/carrel", "directory of everything that lasts: database, volumes, journals, images"),
	TEXT("server", "address", address, "127.0.0.1", "numeric address to listen on"),
	NUM("server", "port", CONFIG_UINT, port, 1, 65535, "8888", "TCP port to listen on"),
	TEXT("server", "console_url", console_url, "", "address of the console as browsers see it; empty: http://localhost:PORT"),
	TEXT("server", "session_domain", session_domain, "", "sessions are at <label>.<session_domain>, with the console's scheme and port; empty: the console's host name"),
	TEXT("server", "trusted_proxies", trusted_proxies, "", "proxies whose X-Forwarded-For says who the client is: addresses and networks as CIDR, separated by spaces; the proxies only, never their clients"),
	NUM("server", "edges", CONFIG_UINT, edges, 0, 64, "0", "number of edge processes; 0: one per CPU, at most 8"),
	{ "server", "log_level", CONFIG_CHOICE, offsetof(struct config, log_level), 0, 0, "debug info warn error", "info", "least severe level that is logged" },
	{ "server", "seccomp", CONFIG_CHOICE, offsetof(struct config, seccomp), 0, 0, "enforce log", "enforce", "what a system call outside a role's allow-list does: end the role, or a line in the kernel's log (for finding calls only)" },
	TEXT("server", "currency", currency, "USD", "currency of all prices, three letters"),
	TEXT("server", "time_zone", time_zone, "UTC", "time zone of months and days on usage and invoices, as in Europe/Berlin"),

	TEXT("accounts", "admin_email", admin_email, "admin@localhost", "account that the first one-time sign-in code opens"),
	NUM("accounts", "sign_in_code_lifetime", CONFIG_SECONDS, sign_in_code_seconds, 60, DAY, "15m", "how long a one-time sign-in code is good"),
	NUM("accounts", "login_days", CONFIG_UINT, login_days, 1, 90, "14", "days after which a browser must sign in again"),

	NUM("sessions", "auto_stop_default", CONFIG_SECONDS, auto_stop_default_s, 10, 7 * DAY, "1h", "auto-stop time that is chosen beforehand"),
	NUM("sessions", "auto_stop_min", CONFIG_SECONDS, auto_stop_min_s, 10, DAY, "1m", "shortest auto-stop time a user may set"),
	NUM("sessions", "auto_stop_max", CONFIG_SECONDS, auto_stop_max_s, 60, 7 * DAY, "24h", "longest auto-stop time a user may set"),
	NUM("sessions", "session_max", CONFIG_SECONDS, session_max_s, 60, 30 * DAY, "12h", "hard maximum of one session, busy or not"),
	NUM("sessions", "warn_before", CONFIG_SECONDS, warn_s, 5, HOUR, "5m", "users are warned this long before a stop"),
	NUM("sessions", "stop_grace", CONFIG_SECONDS, grace_s, 1, 300, "10s", "time between asking a session's programs to end and ending them"),
	NUM("sessions", "deleted_kept", CONFIG_SECONDS, deleted_kept_s, 0, 365 * DAY, "7d", "how long a deleted workspace and its files can be brought back, and take room; 0: not at all"),
	NUM("sessions", "storage_default", CONFIG_SIZE, storage_default_bytes, 64 * KIB * KIB, 64 * TIB, "5GiB", "size of a new workspace's volume"),
	NUM("sessions", "storage_min", CONFIG_SIZE, storage_min_bytes, 64 * KIB * KIB, 64 * TIB, "256MiB", "smallest volume a user may ask for"),
	NUM("sessions", "storage_max", CONFIG_SIZE, storage_max_bytes, 64 * KIB * KIB, 64 * TIB, "100GiB", "largest volume a user may ask for"),
	TEXT("sessions", "default_type", default_type, "small", "instance type that is chosen beforehand"),
	TEXT("sessions", "default_image", default_image, "default", "image that is chosen beforehand"),

	TEXT("engine", "image_dir", image_dir, "", "directory of unpacked images; empty: STATE/images"),
	TEXT("engine", "session_dir", session_dir, "", "what sessions see read-only at /opt/carrel: bin/carrel-agent and lab/; empty: as installed"),
	TEXT("engine", "shim", shim, "", "the carrel-shim program; empty: as installed"),
	TEXT("engine", "runtime", runtime, "crun", "OCI runtime: a name on PATH or an absolute path"),
	TEXT("engine", "network", network, "10.86.0.0/16", "IPv4 network that sessions get their addresses from, a /16"),
	TEXT("engine", "gpus", gpus, "", "GPUs of this host, as CLASS:COUNT separated by spaces, for example t4:2; empty: those that nvidia-smi finds"),
	NUM("engine", "cpu_overcommit", CONFIG_UINT, cpu_overcommit_pct, 10, 10000, "800", "sum of the CPUs of all sessions that is admitted, in per cent of the host's"),
	NUM("engine", "memory_overcommit", CONFIG_UINT, memory_overcommit_pct, 10, 1000, "150", "sum of the memory of all sessions that is admitted, in per cent of the host's"),
	NUM("engine", "cpu_reserve", CONFIG_CPU, cpu_reserve_milli, 0, 1024000, "0", "CPU cores of the host that are kept from sessions, before the over-commit"),
	NUM("engine", "memory_reserve", CONFIG_SIZE, memory_reserve_bytes, 0, 64 * TIB, "512MiB", "memory of the host that is kept from sessions, before the over-commit"),
	TEXT("engine", "dns", dns, "", "name servers for sessions, separated by spaces; empty: those of the host"),
	TEXT("engine", "network_allow", network_allow, "", "private addresses that sessions may reach, as CIDR, separated by spaces"),
	NUM("engine", "pool_overcommit", CONFIG_UINT, pool_overcommit_pct, 100, 10000, "100", "sum of all volume sizes that is admitted, in per cent of the file system under STATE"),
	NUM("engine", "pool_low", CONFIG_SIZE, pool_low_bytes, 0, 64 * TIB, "2GiB", "no session starts when less than this is free under STATE"),
	NUM("engine", "pool_stop", CONFIG_SIZE, pool_stop_bytes, 0, 64 * TIB, "512MiB", "volumes are frozen when less than this is free under STATE, before data is lost"),
	NUM("engine", "scratch", CONFIG_SIZE, scratch_bytes, 64 * KIB * KIB, TIB, "2GiB", "what a session may write outside its home"),
	NUM("engine", "files_memory", CONFIG_SIZE, files_memory_bytes, 64 * KIB * KIB, TIB, "1GiB", "memory of all processes together that show the files of stopped workspaces, an eighth of the host's at most; kept from sessions"),
	NUM("engine", "files_idle", CONFIG_SECONDS, files_idle_s, 1, 86400, "1m", "time without a request after which such a process ends"),
	TEXT("engine", "http_proxy", http_proxy, "", "proxy for sessions (http_proxy)"),
	TEXT("engine", "https_proxy", https_proxy, "", "proxy for sessions (https_proxy)"),
	TEXT("engine", "no_proxy", no_proxy, "", "hosts that sessions reach without the proxy (no_proxy)"),
	TEXT("engine", "pip_index_url", pip_index_url, "", "package index for pip in sessions (PIP_INDEX_URL)"),
	TEXT("engine", "pip_extra_index_url", pip_extra_index_url, "", "further package index for pip in sessions (PIP_EXTRA_INDEX_URL)"),
	TEXT("engine", "npm_registry", npm_registry, "", "registry for npm in sessions (npm_config_registry)"),
	TEXT("engine", "ca_bundle", ca_bundle, "/etc/ssl/certs/ca-certificates.crt", "certificate authorities of the host that sessions trust, one file; empty: those of the image"),

	{ "instance_type", "title", CONFIG_TEXT, IN(instance_type, title), 0, 0, NULL, "", "name that users see; empty: the section's name" },
	{ "instance_type", "cpu", CONFIG_CPU, IN(instance_type, cpu_milli), 50, 1024000, NULL, "1", "CPU cores, in steps of 0.001" },
	{ "instance_type", "memory", CONFIG_SIZE, IN(instance_type, memory_bytes), 128 * KIB * KIB, 64 * TIB, NULL, "2GiB", "memory limit" },
	{ "instance_type", "pids", CONFIG_UINT, IN(instance_type, pids), 32, 1000000, NULL, "1024", "most processes and threads at once" },
	{ "instance_type", "price_per_hour", CONFIG_MONEY, IN(instance_type, price_micro_hour), 0, UINT64_C(1000000) * 1000000, NULL, "0", "price of one hour, up to 6 decimals; 0: free" },

	{ "image", "title", CONFIG_TEXT, IN(image, title), 0, 0, NULL, "", "name that users see; empty: the section's name" },
	{ "image", "description", CONFIG_TEXT, IN(image, description), 0, 0, NULL, "", "one line on what is in it" },

	NUM("runtime", "slot", CONFIG_UINT, slot, 0, 63, "0", ""),
	NUM("runtime", "parent", CONFIG_UINT, parent, 0, INT32_MAX, "0", ""),
	TEXT("runtime", "instance", instance, "", ""),
	TEXT("runtime", "run_dir", run_dir, "", ""),
};
/* clang-format on */
const size_t config_nkeys = ARRAY_LEN(config_keys);

/* clang-format off */
const char config_default_types[] =
	"[instance_type free]\n"
	"title = Free\n" "cpu = 0.5\n" "memory = 1GiB\n" "pids = 512\n" "price_per_hour = 0\n"
	"[instance_type small]\n"
	"title = Small\n" "cpu = 1\n" "memory = 2GiB\n" "pids = 1024\n" "price_per_hour = 0.06\n"
	"[instance_type medium]\n"
	"title = Medium\n" "cpu = 2\n" "memory = 4GiB\n" "pids = 2048\n" "price_per_hour = 0.12\n"
	"[instance_type large]\n"
	"title = Large\n" "cpu = 4\n" "memory = 8GiB\n" "pids = 4096\n" "price_per_hour = 0.24\n";

const char config_default_images[] =
	"[image default]\n"
	"title = Python 3\n"
	"description = Python 3.11 with NumPy, pandas, Matplotlib, scikit-learn, git and a C compiler\n";
/* clang-format on */

bool config_is_named(const char *section)
{
	return strcmp(section, "instance_type") == 0 || strcmp(section, "image") == 0;
}

bool config_is_number(enum config_kind kind)
{
	return kind >= CONFIG_UINT;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit seconds[] = {
	{ "", 1 }, { "s", 1 }, { "m", 60 }, { "h", HOUR }, { "d", DAY }
};
static const struct unit sizes[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "KiB", KIB },
	{ "MiB", KIB *KIB },
	{ "GiB", GIB },
	{ "TiB", TIB },
	{ "KB", 1000 },
	{ "MB", 1000000 },
	{ "GB", 1000000000 },
	{ "TB", UINT64_C(1000000000000) },
};

static int get_unit(const struct unit *units, size_t n, struct str s, uint64_t *ret)
{
	size_t digits = 0;
	uint64_t v;
	int r;

	while (digits < s.len && s.ptr[digits] >= '0' && s.ptr[digits] <= '9')
		digits++;
	r = str_to_u64(str_sub(s, 0, digits), 0, UINT64_MAX, &v);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (!str_is(str_trim(str_sub(s, digits, s.len)), units[i].name))
			continue;
		return __builtin_mul_overflow(v, units[i].factor, ret) ? -ERANGE : 0;
	}
	return -EINVAL;
}

/* "1", "0.5", "12.345678" as a whole number of 10^-decimals. */
static int get_decimal(unsigned decimals, struct str s, uint64_t *ret)
{
	size_t dot = str_chr(s, '.', 0);
	struct str frac = str_sub(s, dot + 1, s.len);
	uint64_t whole, part = 0, scale = 1;
	int r;

	r = str_to_u64(str_sub(s, 0, dot), 0, UINT64_C(1000000000), &whole);
	if (r < 0)
		return r;
	if (dot < s.len) {
		if (frac.len == 0 || frac.len > decimals)
			return -EINVAL;
		r = str_to_u64(frac, 0, UINT64_C(1000000000), &part);
		if (r < 0)
			return r;
		for (size_t i = frac.len; i < decimals; i++)
			part *= 10;
	}
	for (unsigned i = 0; i < decimals; i++)
		scale *= 10;
	*ret = whole * scale + part;
	return 0;
}

int config_get_number(enum config_kind kind, struct str s, uint64_t *ret)
{
	switch (kind) {
	case CONFIG_UINT:
		return str_to_u64(s, 0, UINT64_MAX, ret);
	case CONFIG_SIZE:
		return get_unit(sizes, ARRAY_LEN(sizes), s, ret);
	case CONFIG_SECONDS:
		return get_unit(seconds, ARRAY_LEN(seconds), s, ret);
	case CONFIG_CPU:
		return get_decimal(3, s, ret);
	case CONFIG_MONEY:
		return get_decimal(6, s, ret);
	case CONFIG_TEXT:
	case CONFIG_PATH:
	case CONFIG_CHOICE:
		break;
	}
	return -EINVAL;
}

/* The largest unit that divides v, so that what is printed is exact. */
static void put_unit(struct buf *b, const struct unit *units, size_t n, uint64_t v)
{
	const struct unit *best = &units[1];

	for (size_t i = 1; i < n; i++)
		if (v > 0 && v % units[i].factor == 0 && units[i].factor > best->factor)
			best = &units[i];
	buf_printf(b, "%llu%s", (unsigned long long)(v / best->factor), best->name);
}

static void put_decimal(struct buf *b, unsigned decimals, uint64_t v)
{
	uint64_t scale = 1;

	for (unsigned i = 0; i < decimals; i++)
		scale *= 10;
	buf_printf(b, "%llu", (unsigned long long)(v / scale));
	if (v % scale == 0)
		return;
	v %= scale;
	while (v % 10 == 0) {
		v /= 10;
		decimals--;
	}
	buf_printf(b, ".%0*llu", (int)decimals, (unsigned long long)v);
}

void config_put_number(struct buf *b, enum config_kind kind, uint64_t v)
{
	switch (kind) {
	case CONFIG_SIZE:
		/* Binary units only: 10 GB is not a whole number of GiB. */
		put_unit(b, sizes, 6, v);
		return;
	case CONFIG_SECONDS:
		put_unit(b, seconds, ARRAY_LEN(seconds), v);
		return;
	case CONFIG_CPU:
		put_decimal(b, 3, v);
		return;
	case CONFIG_MONEY:
		put_decimal(b, 6, v);
		return;
	case CONFIG_UINT:
	case CONFIG_TEXT:
	case CONFIG_PATH:
	case CONFIG_CHOICE:
		buf_printf(b, "%llu", (unsigned long long)v);
		return;
	}
}

void config_put_range(struct buf *b, const struct config_key *k)
{
	struct str rest, one;

	if (k->kind == CONFIG_PATH) {
		buf_put_z(b, "absolute path");
	} else if (k->kind == CONFIG_CHOICE) {
		const char *sep = "";

		rest = str_of(k->choices);
		while (str_split(&rest, ' ', &one)) {
			buf_printf(b, "%s%.*s", sep, STR_ARG(one));
			sep = ", ";
		}
	} else if (config_is_number(k->kind)) {
		config_put_number(b, k->kind, k->min);
		buf_put_z(b, " to ");
		config_put_number(b, k->kind, k->max);
	}
}
