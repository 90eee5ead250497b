/* SPDX-License-Identifier: Apache-2.0 */
#include "api/openapi.h"

#include <stdio.h>

#include "api/route.h"
#include "base/json.h"

#define API STR("/api/v1")

/* Answers: name, and properties as "name:type", where type is a letter (s
 * string, t time, i integer, n number, b boolean, o object, m money) or the
 * name of another schema; [] makes an array, ? allows null. */
static const struct {
	const char *name, *properties;
} schemas[] = {
	{ "Problem", "type:s title:s status:i detail:s request_id:s field:s data:o" },
	{ "Account", "id:s email:s name:s theme:s admin:b has_password:b" },
	{ "Login", "account:Account" },
	{ "Limits",
	  "auto_stop_default_seconds:i auto_stop_min_seconds:i auto_stop_max_seconds:i "
	  "session_max_seconds:i deleted_kept_seconds:i storage_default_bytes:i "
	  "storage_min_bytes:i "
	  "storage_max_bytes:i default_type:s default_image:s" },
	{ "Prefs", "language:s one_key:b tour_done:b app:s" },
	{ "Me", "account:Account prefs:Prefs currency:s warnings:s[] version:s last_event_id:s "
	        "limits:Limits "
	        "plan:Plan "
	        "use:PlanUse" },
	{ "PlanUse", "sessions:i storage_bytes:i" },
	{ "Contents", "name:s path:s type:s size:i? created:t last_modified:t mimetype:s? "
	              "writable:b format:s? offset:i length:i more:b" },
	{ "Upload", "id:s path:s size:i offset:i done:b replace:b created_at:t" },
	{ "UploadList", "items:Upload[]" },
	{ "DiskEntry", "name:s path:s type:s bytes:i files:i" },
	{ "Disk", "size_bytes:i used_bytes:i free_bytes:i path:s bytes:i truncated:b "
	          "items:DiskEntry[]" },
	{ "Package", "name:s version:s where:s image_version:s? change:s" },
	{ "Environment", "python:s? image_known:b truncated:b packages:Package[]" },
	{ "Name", "path:s type:s" },
	{ "NameList", "items:Name[] truncated:b" },
	{ "Token", "id:s name:s scopes:s[] created_at:t expires_at:t last_used_at:t? token:s" },
	{ "InstanceType",
	  "id:s name:s cpu:n memory_bytes:i gpu:i gpu_class:s? preemptible:b price_per_hour:m "
	  "next_price:NextPrice? currency:s available:b free_now:b? queue_place:i? "
	  "queue_estimate_at:t? queue_expected_at:t? allowed:b plans:s[]" },
	{ "NextPrice", "from:t price_per_hour:m" },
	{ "NextStoragePrice", "from:t price_per_gb_month:m" },
	{ "Plan",
	  "id:s name:s sessions_max:i storage_bytes_max:i session_max_seconds:i "
	  "auto_stop_min_seconds:i auto_stop_max_seconds:i types:s[] private:b "
	  "free_seconds_per_month:i credit_new:m priority:i price_mode:s notice_seconds:i "
	  "hold_seconds:i default:b" },
	{ "PlanList", "items:Plan[] next:s?" },
	{ "StoragePrice", "price_per_gb_month:m next_prices:NextStoragePrice[]" },
	{ "CatalogueType",
	  "id:s name:s cpu:n memory_bytes:i pids:i gpu_class:s gpu_count:i preemptible:b "
	  "price_per_hour:m next_prices:NextPrice[]" },
	{ "Catalogue", "version:i currency:s storage:StoragePrice "
	               "instance_types:CatalogueType[] plans:Plan[]" },
	{ "CatalogueDifference", "thing:s id:s what:s field:s? from:s? to:s? text:s" },
	{ "CatalogueTouch", "thing:s id:s accounts:i workspaces:i sessions:i" },
	{ "CatalogueChange", "changes:CatalogueDifference[] touches:CatalogueTouch[] "
	                     "warnings:s[] applied:b version:i "
	                     "catalogue:Catalogue" },
	{ "PastPrice", "from:t? price_per_hour:m" },
	{ "PastStoragePrice", "from:t? price_per_gb_month:m" },
	{ "TypeUse", "id:s name:s offered:b accounts:i workspaces:i sessions:i "
	             "prices:PastPrice[]" },
	{ "PlanPeople", "id:s name:s offered:b accounts:i workspaces:i sessions:i" },
	{ "StorageUse", "accounts:i workspaces:i prices:PastStoragePrice[]" },
	{ "CatalogueUse", "currency:s instance_types:TypeUse[] plans:PlanPeople[] "
	                  "storage:StorageUse" },
	{ "AdminAccount",
	  "id:s email:s name:s admin:b created_at:t plan:s plan_name:s by_default:b sessions:i "
	  "storage_bytes:i over:s[]" },
	{ "AdminAccountList", "items:AdminAccount[] next:s? total:i" },
	{ "Image", "id:s name:s title:s description:s digest:s size_bytes:i ready:b" },
	{ "Phase", "phase:s started_at:t ended_at:t?" },
	{ "Stats", "cpu_cores_used:n memory_bytes:i memory_limit_bytes:i disk_used_bytes:i "
	           "disk_size_bytes:i pids:i oom_kills:i" },
	{ "Session",
	  "id:s workspace_id:s workspace_name:s state:s phase:s? phases:Phase[] reason:s? "
	  "message:s? evidence:o url:s program_url:s instance_type:s image:s epoch:i "
	  "created_at:t started_at:t? stopped_at:t? stop_at:t? stop_why:s? "
	  "extended_until:t? auto_stop_seconds:i max_seconds:i cost:m price_per_hour:m "
	  "currency:s seconds:n stats:Stats? queue:Place?" },
	{ "Place", "place:i? of:i? estimate_at:t? expected_at:t? ends:i basis:s? on_turn:s "
	           "held_until:t? fallback_types:s[] free_types:s[]" },
	{ "QueueRow",
	  "session_id:s workspace_id:s workspace_name:s account_id:s email:s name:s "
	  "instance_type:s plan:s priority:i created_at:t waited_seconds:i "
	  "queue:Place?" },
	{ "QueueList", "items:QueueRow[] next:s? waiting:i" },
	{ "Resource", "host:i offered:i overcommit_percent:i reserve:i held:i used:i" },
	{ "Health",
	  "version:s up_seconds:i engine:o store:o sessions:o accounts:i settings:o" },
	{ "GpuClass", "class:s count:i used:i" },
	{ "Capacity",
	  "known:b engine:b cpu_milli:Resource memory_bytes:Resource gpus:GpuClass[] "
	  "disk_bytes:o sessions:o waiting:i" },
	{ "SessionAnswer", "session:Session?" },
	{ "Workspace", "id:s name:s label:s image:s instance_type:s storage_bytes:i "
	               "auto_stop_seconds:i max_seconds:i stop_calendar:s created_at:t "
	               "updated_at:t session:Session? "
	               "last_session:Session? price_per_hour:m currency:s open_path:s? etag:s "
	               "deleted_at:t? kept_until:t?" },
	{ "Entry", "code:s url:s expires_at:t" },
	{ "Log", "session_id:s text:s" },
	/* With group= an item has key, name, amount, currency, seconds, free_seconds
	 * and lines. */
	{ "UsageLine",
	  "id:s kind:s account_id:s email:s session_id:s? workspace_id:s? workspace_name:s? "
	  "segment:i part:i instance_type:s? started_at:t stopped_at:t seconds:n "
	  "price_per_hour:m? rate:m bytes:i free:b amount:m currency:s estimated:b reason:s? "
	  "corrects:s? key:s name:s free_seconds:n lines:i" },
	{ "UsageTotal", "amount:m seconds:n free_seconds:n lines:i currency:s" },
	{ "BalanceBudget", "amount:m hard:b by_admin:b left:m percent:i until:t?" },
	{ "Balance",
	  "month:s month_ends_at:t currency:s used:m open:m credit:m "
	  "free_seconds_left:i burn_per_hour:m expected:m budget:BalanceBudget? ends_at:t? "
	  "ends_by:s?" },
	{ "Estimate", "instance_type:s currency:s price_per_hour:m storage_per_month:m "
	              "until_auto_stop:m until_maximum:m? auto_stop_seconds:i max_seconds:i "
	              "budget_left:m? free_seconds_left:i ends_at:t? ends_by:s? over_budget:b "
	              "note:s?" },
	{ "Budget",
	  "account_id:s email:s? month:s currency:s amount:m? hard:b by_admin:b "
	  "used:m burn_per_hour:m left:m? percent:i? until:t? updated_at:t? etag:s?" },
	{ "BudgetList", "items:Budget[] next:s?" },
	{ "Usage", "items:UsageLine[] next:s? total:UsageTotal" },
	{ "InvoiceAccount", "id:s name:s email:s" },
	{ "Charge",
	  "id:s kind:s month:s workspace_id:s? workspace_name:s? session_id:s? segment:i "
	  "volume_id:s? resource:s? from:t to:t seconds:n bytes:i rate:m free:b amount:m "
	  "estimated:b reason:s? corrects:s?" },
	{ "Invoice",
	  "id:s number:i label:s month:s from:t to:t time_zone:s account:InvoiceAccount "
	  "closed_at:t usage:m credit:m due:m currency:s line_count:i lines:Charge[]" },
	{ "InvoiceList", "items:Invoice[] next:s?" },
	{ "ClosedTotal", "invoices:i lines:i usage:m credit:m due:m currency:s" },
	{ "Closed", "month:s invoices:i lines:i already:b total:ClosedTotal" },
	{ "Credit", "id:s account:s email:s amount:m currency:s note:s credit:m at:t" },
	{ "Correction", "id:s account:s corrects:s amount:m currency:s month:s note:s at:t" },
	{ "AuditRow", "seq:i at:t account_id:s actor:s actor_email:s verb:s object:s detail:o "
	              "source:s request_id:s" },
	{ "Clock", "kind:s at:t" },
	{ "ActivityMinute", "at:t active:b? cpu_cores:n? why:s" },
	{ "Activity", "session_id:s clocks:Clock[] evidence:o verdict:s in_use:b? "
	              "last_active_at:t? minutes:ActivityMinute[]" },
	{ "Owner", "id:s email:s name:s" },
	{ "AdminSession", "account:Owner session:Session clocks:Clock[] evidence:o verdict:s "
	                  "in_use:b? last_active_at:t? minutes:ActivityMinute[]" },
	{ "AdminSessionList", "items:AdminSession[] next:s?" },
	{ "Piece", "text:s match:b" },
	{ "SearchHit", "kind:s workspace_id:s workspace_name:s label:s path:s name:s title:s "
	               "where:s updated_at:t? running:b name_parts:Piece[] snippet:Piece[]" },
	{ "SearchResult", "q:s items:SearchHit[] more:b documents:i catching_up:b" },
	{ "Recent", "workspace_id:s workspace_name:s label:s path:s name:s kind:s what:s at:t "
	            "running:b kernel:s session_id:s?" },
	{ "RecentList", "items:Recent[]" },
	{ "MetricLimits", "cpu_cores:n memory_bytes:i disk_bytes:i?" },
	{ "Metrics", "session_id:s from:t to:t step:i live:b limits:MetricLimits t:i[] "
	             "cpu_cores:n[] memory_bytes:i[] disk_bytes:i[] rx_bytes_per_s:i[] "
	             "tx_bytes_per_s:i[] processes:i[] gpu_percent:n[] gpu_memory_bytes:i[]" },
	{ "HomeNotices", "unread:i items:Notice[]" },
	{ "Attention", "kind:s text:s workspace_id:s? session_id:s? at:t?" },
	{ "Home", "at:t currency:s running:Session[] burn_per_hour:m continue:Recent[] "
	          "workspaces:Workspace[] workspaces_total:i first_run:b month:Balance "
	          "notices:HomeNotices attention:Attention[]" },
	{ "Notice", "id:s kind:s object_id:s data:o at:t read_at:t?" },
	{ "NoticeList", "items:Notice[] next:s? unread:i" },
	{ "TokenList", "items:Token[] next:s?" },
	{ "InstanceTypeList", "items:InstanceType[] next:s?" },
	{ "ImageList", "items:Image[] next:s?" },
	{ "WorkspaceList", "items:Workspace[] next:s?" },
	{ "SessionList", "items:Session[] next:s?" },
	{ "AuditList", "items:AuditRow[] next:s? total:i?" },
};

static void put_ref(struct jsonw *w, struct str name)
{
	char ref[96];
	int n = snprintf(ref, sizeof(ref), "#/components/schemas/%.*s", STR_ARG(name));

	jw_kv_str(w, "$ref", (struct str){ ref, (size_t)n });
}

static void put_simple(struct jsonw *w, char letter, bool nullable)
{
	const char *type = letter == 'i'   ? "integer"
	                   : letter == 'n' ? "number"
	                   : letter == 'b' ? "boolean"
	                   : letter == 'o' ? "object"
	                                   : "string";

	if (nullable) {
		jw_key(w, "type");
		jw_arr(w);
		jw_z(w, type);
		jw_z(w, "null");
		jw_arr_end(w);
	} else {
		jw_kv_z(w, "type", type);
	}
	if (letter == 't')
		jw_kv_z(w, "format", "date-time");
	if (letter == 'm')
		jw_kv_z(w, "pattern", "^-?[0-9]+\\.[0-9]{2,6}$");
}

static void put_type(struct jsonw *w, struct str type)
{
	bool nullable = str_ends(type, STR("?"));
	bool array;

	type = str_sub(type, 0, type.len - nullable);
	array = str_ends(type, STR("[]"));
	type = str_sub(type, 0, type.len - (array ? 2 : 0));
	jw_obj(w);
	if (array) {
		jw_kv_z(w, "type", "array");
		jw_key(w, "items");
		jw_obj(w);
	}
	if (type.len == 1) {
		put_simple(w, type.ptr[0], nullable);
	} else if (nullable) {
		jw_key(w, "anyOf");
		jw_arr(w);
		jw_obj(w);
		put_ref(w, type);
		jw_obj_end(w);
		jw_obj(w);
		jw_kv_z(w, "type", "null");
		jw_obj_end(w);
		jw_arr_end(w);
	} else {
		put_ref(w, type);
	}
	if (array)
		jw_obj_end(w);
	jw_obj_end(w);
}

static void put_schemas(struct jsonw *w)
{
	jw_key(w, "schemas");
	jw_obj(w);
	for (size_t i = 0; i < ARRAY_LEN(schemas); i++) {
		struct str rest = str_of(schemas[i].properties), one;

		jw_key(w, schemas[i].name);
		jw_obj(w);
		jw_kv_z(w, "type", "object");
		jw_key(w, "properties");
		jw_obj(w);
		while (str_split(&rest, ' ', &one)) {
			size_t colon = str_chr(one, ':', 0);

			jw_key_str(w, str_sub(one, 0, colon));
			put_type(w, str_sub(one, colon + 1, one.len));
		}
		jw_obj_end(w);
		jw_obj_end(w);
	}
	jw_obj_end(w);
}

static void put_field_schema(struct jsonw *w, const struct field *f)
{
	jw_obj(w);
	if (f->type == FIELD_STRINGS) {
		jw_kv_z(w, "type", "array");
		jw_key(w, "items");
		jw_obj(w);
		jw_kv_z(w, "type", "string");
		jw_obj_end(w);
	} else if (f->type != FIELD_JSON) {
		put_simple(w,
		           *(f->type == FIELD_INTEGER   ? "i"
		             : f->type == FIELD_BOOLEAN ? "b"
		                                        : "s"),
		           false);
	}
	if (f->type == FIELD_INTEGER) {
		jw_kv_i64(w, "minimum", f->min);
		jw_kv_i64(w, "maximum", f->max);
	}
	jw_kv_z(w, "description", f->text);
	jw_obj_end(w);
}

static void put_body(struct jsonw *w, const struct route *r)
{
	if (!r->body[0].name)
		return;
	jw_key(w, "requestBody");
	jw_obj(w);
	jw_kv_bool(w, "required", r->body[0].required);
	jw_key(w, "content");
	jw_obj(w);
	jw_key(w, "application/json");
	jw_obj(w);
	jw_key(w, "schema");
	jw_obj(w);
	jw_kv_z(w, "type", "object");
	jw_kv_bool(w, "additionalProperties", false);
	jw_key(w, "properties");
	jw_obj(w);
	for (size_t i = 0; i < FIELDS_MAX && r->body[i].name; i++) {
		jw_key(w, r->body[i].name);
		put_field_schema(w, &r->body[i]);
	}
	jw_obj_end(w);
	jw_key(w, "required");
	jw_arr(w);
	for (size_t i = 0; i < FIELDS_MAX && r->body[i].name; i++)
		if (r->body[i].required)
			jw_z(w, r->body[i].name);
	jw_arr_end(w);
	jw_obj_end(w);
	jw_obj_end(w);
	jw_obj_end(w);
	jw_obj_end(w);
}

static void put_param(struct jsonw *w, const char *where, const struct field *f)
{
	jw_obj(w);
	jw_kv_z(w, "name", f->name);
	jw_kv_z(w, "in", where);
	jw_kv_bool(w, "required", f->required);
	jw_key(w, "schema");
	put_field_schema(w, f);
	jw_obj_end(w);
}

static void put_params(struct jsonw *w, const struct route *r)
{
	static const struct field id = { "id", FIELD_STRING, true, 0, 0, "id" };
	static const struct field path = {
		"path", FIELD_STRING, true, 0, 0, "of the file, from the home; may hold slashes"
	};
	static const struct field upload = { "upload", FIELD_STRING, true, 0, 0, "id" };
	static const struct field limit = {
		"limit", FIELD_INTEGER, false, 1, 1000, "most items"
	};
	static const struct field cursor = { "cursor", FIELD_STRING,
		                             false,    0,
		                             0,        "`next` of the page before" };
	static const struct field key = {
		"Idempotency-Key", FIELD_STRING, false, 0, 0, "the same answer for 30 days"
	};
	static const struct field match = {
		"If-Match", FIELD_STRING,
		false,      0,
		0,          "an etag: only if it was not changed since"
	};

	jw_key(w, "parameters");
	jw_arr(w);
	if (strstr(r->path, "{id}"))
		put_param(w, "path", &id);
	if (strstr(r->path, "{path}"))
		put_param(w, "path", &path);
	if (strstr(r->path, "{upload}"))
		put_param(w, "path", &upload);
	for (size_t i = 0; i < FIELDS_MAX && r->query[i].name; i++)
		put_param(w, "query", &r->query[i]);
	if (r->flags & ROUTE_LIST) {
		put_param(w, "query", &limit);
		put_param(w, "query", &cursor);
	}
	if (strcmp(r->method, "POST") == 0)
		put_param(w, "header", &key);
	if (r->flags & ROUTE_MATCH)
		put_param(w, "header", &match);
	jw_arr_end(w);
}

static void put_answers(struct jsonw *w, const struct route *r)
{
	char status[8];

	(void)snprintf(status, sizeof(status), "%u", r->ok);
	jw_key(w, "responses");
	jw_obj(w);
	jw_key(w, status);
	jw_obj(w);
	jw_kv_z(w, "description", r->summary);
	if (r->answer || r->flags & ROUTE_STREAM) {
		jw_key(w, "content");
		jw_obj(w);
		jw_key(w, r->flags & ROUTE_STREAM ? "text/event-stream" : "application/json");
		jw_obj(w);
		if (r->answer) {
			jw_key(w, "schema");
			jw_obj(w);
			put_ref(w, str_of(r->answer));
			jw_obj_end(w);
		}
		jw_obj_end(w);
		jw_obj_end(w);
	}
	jw_obj_end(w);
	jw_key(w, "default");
	jw_obj(w);
	jw_kv_z(w, "description", "A problem document (RFC 9457)");
	jw_key(w, "content");
	jw_obj(w);
	jw_key(w, "application/problem+json");
	jw_obj(w);
	jw_key(w, "schema");
	jw_obj(w);
	put_ref(w, STR("Problem"));
	jw_obj_end(w);
	jw_obj_end(w);
	jw_obj_end(w);
	jw_obj_end(w);
	jw_obj_end(w);
}

/* "/workspaces/{id}/start" POST -> post_workspaces_id_start */
static void put_operation_id(struct jsonw *w, const struct route *r)
{
	char id[96];
	size_t n = 0;

	for (const char *p = r->method; *p && n + 1 < sizeof(id); p++)
		id[n++] = (char)(*p - 'A' + 'a');
	for (const char *p = r->path + API.len; *p && n + 1 < sizeof(id); p++)
		if (*p != '{' && *p != '}')
			id[n++] = *(strchr("/-.", *p) ? "_" : p);
	jw_kv_str(w, "operationId", (struct str){ id, n });
}

static void put_route(struct jsonw *w, const struct route *r)
{
	char method[8];
	size_t n = 0;

	for (const char *p = r->method; *p && n + 1 < sizeof(method); p++)
		method[n++] = (char)(*p - 'A' + 'a');
	jw_key_str(w, (struct str){ method, n });
	jw_obj(w);
	put_operation_id(w, r);
	jw_kv_z(w, "summary", r->summary);
	if (r->who == WHO_ANYONE) {
		jw_key(w, "security");
		jw_arr(w);
		jw_arr_end(w);
	}
	put_params(w, r);
	put_body(w, r);
	put_answers(w, r);
	jw_obj_end(w);
}

static void put_security(struct jsonw *w)
{
	jw_key(w, "securitySchemes");
	jw_obj(w);
	jw_key(w, "token");
	jw_obj(w);
	jw_kv_z(w, "type", "http");
	jw_kv_z(w, "scheme", "bearer");
	jw_obj_end(w);
	jw_key(w, "cookie");
	jw_obj(w);
	jw_kv_z(w, "type", "apiKey");
	jw_kv_z(w, "in", "cookie");
	jw_kv_z(w, "name", "__Host-s");
	jw_obj_end(w);
	jw_obj_end(w);
}

static void put_rows(struct jsonw *w, const struct route *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str path = str_of(rows[i].path);

		if (!str_starts(path, API))
			continue;
		if (i > 0 && strcmp(rows[i].path, rows[i - 1].path) == 0)
			continue; /* was put with the one before: rows of a path are together */
		jw_key_str(w, str_sub(path, API.len, path.len));
		jw_obj(w);
		for (size_t k = i; k < n && strcmp(rows[k].path, rows[i].path) == 0; k++)
			put_route(w, &rows[k]);
		jw_obj_end(w);
	}
}

static void put_paths(struct jsonw *w)
{
	jw_key(w, "paths");
	jw_obj(w);
	put_rows(w, routes, nroutes);
	put_rows(w, files_rows, nfiles_rows);
	jw_obj_end(w);
}

void openapi_put(struct buf *b)
{
	struct jsonw w = JSONW(b);

	jw_obj(&w);
	jw_kv_z(&w, "openapi", "3.1.0");
	jw_key(&w, "info");
	jw_obj(&w);
	jw_kv_z(&w, "title", "Carrel");
	jw_kv_z(&w, "version", CARREL_VERSION);
	jw_kv_z(&w, "description",
	        "Notebooks on your own machines. Times are RFC 3339 UTC, sizes are "
	        "in bytes, durations in seconds, money is a decimal string.");
	jw_obj_end(&w);
	jw_key(&w, "servers");
	jw_arr(&w);
	jw_obj(&w);
	jw_kv_z(&w, "url", "/api/v1");
	jw_obj_end(&w);
	jw_arr_end(&w);
	jw_key(&w, "security");
	jw_arr(&w);
	jw_obj(&w);
	jw_key(&w, "token");
	jw_arr(&w);
	jw_arr_end(&w);
	jw_obj_end(&w);
	jw_obj(&w);
	jw_key(&w, "cookie");
	jw_arr(&w);
	jw_arr_end(&w);
	jw_obj_end(&w);
	jw_arr_end(&w);
	put_paths(&w);
	jw_key(&w, "components");
	jw_obj(&w);
	put_security(&w);
	put_schemas(&w);
	jw_obj_end(&w);
	jw_obj_end(&w);
}
