/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the query files: values that appear in several tables. */
#pragma once

#include "core/types.h"
#include "store/db.h"

#define EXPIRY_COLS(t) t "made_us," t "made_boot," t "boot_id," t "ttl_s"
void q_expiry(struct q *q, const struct expiry *e);
void q_get_expiry(struct q *q, struct expiry *ret);

#define ACCOUNT_COLS(t)                                                                    \
	t "id," t "email," t "name," t "theme," t "password," t "admin," t "created_us," t \
	  "plan_id"
void q_get_account(struct q *q, struct account *ret);

#define SESSION_COLS_N 45
#define SESSION_COLS(t)                                                                       \
	t "id," t "account_id," t "workspace_id," t "epoch," t "state," t "phase," t          \
	  "phases," t "reason," t "message," t "evidence," t "instance_type," t "image_id," t \
	  "cpu_milli," t "memory_bytes," t "pids," t "price_per_hour," t "max_s," t           \
	  "auto_stop_s," t "created_us," t "started_us," t "stopped_us," t "state_boot," t    \
	  "boot_id," t "started_boot," t "extend_until," t "stop_at," t "warned_stop_at," t   \
	  "stop_why," t "metered_ns," t "cost," t "plan_id," t "price_mode," t "gpu_class," t \
	  "gpu_count," t "preemptible," t "priority," t "queued_boot," t "on_turn," t         \
	  "held_until," t "fallback_types," t "calendar_at," t "lease_until," t               \
	  "warned_early_at," t "noticed_s," t "free_s_month"
void q_get_session(struct q *q, struct session *ret);
/* Ends q after at most one row was read: 1, 0 or -errno. */
int q_found(struct q *q, int r);
