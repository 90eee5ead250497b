/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   GREETING --> HEAD <--> BODY (one frame of a message)
 *                  ^
 *                  +-----> COMMAND (READY first, then PING, …)
 *
 * GREETING takes 64 bytes, HEAD takes 2 or 9, the others what the head said.
 */
#include "proto/zmtp.h"

#include <errno.h>

enum { GREETING, HEAD, BODY, COMMAND };

#define GREETING_LEN 64U
#define FLAG_MORE    1U
#define FLAG_LONG    2U
#define FLAG_COMMAND 4U

struct zmtp_part {
	size_t off, len;
	uint64_t dropped;
};

static const struct {
	const char *name, *peers[4];
} socket_types[] = {
	[ZMTP_DEALER] = { "DEALER", { "ROUTER", "REP", "DEALER" } },
	[ZMTP_SUB] = { "SUB", { "PUB", "XPUB" } },
};

void zmtp_init(struct zmtp *z, enum zmtp_type type, struct str identity, size_t message_max)
{
	CHECK(identity.len <= 255);
	*z = (struct zmtp){ .type = type, .identity = identity, .message_max = message_max };
	buf_init(&z->small_, ZMTP_COMMAND_MAX);
	buf_init(&z->msg_, message_max);
	buf_init(&z->parts_, ZMTP_PARTS_MAX * sizeof(struct zmtp_part));
}

void zmtp_fini(struct zmtp *z)
{
	buf_fini(&z->small_);
	buf_fini(&z->msg_);
	buf_fini(&z->parts_);
}

static void forget_message(struct zmtp *z)
{
	/* What one large message needed is not kept for the small ones. */
	buf_clear(&z->msg_);
	buf_shrink(&z->msg_);
	buf_clear(&z->parts_);
	z->nparts_ = 0;
	z->whole_ = false;
}

void zmtp_start(struct zmtp *z, struct buf *out)
{
	static const uint8_t greeting[GREETING_LEN] = {
		0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 1, 'N', 'U', 'L', 'L',
	};

	buf_clear(&z->small_);
	forget_message(z);
	z->state_ = GREETING;
	z->peer_minor_ = 0;
	z->ready_ = false;
	z->left_ = GREETING_LEN;
	buf_put(out, greeting, sizeof(greeting));
}

size_t zmtp_head(uint8_t ret[ZMTP_HEAD_MAX], size_t len, bool more)
{
	ret[0] = more ? FLAG_MORE : 0;
	if (len < 256) {
		ret[1] = (uint8_t)len;
		return 2;
	}
	ret[0] |= FLAG_LONG;
	for (unsigned i = 0; i < 8; i++)
		ret[1 + i] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
	return ZMTP_HEAD_MAX;
}

void zmtp_send(struct buf *out, const struct str *parts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t head[ZMTP_HEAD_MAX];

		buf_put(out, head, zmtp_head(head, parts[i].len, i + 1 < n));
		buf_put_str(out, parts[i]);
	}
}

/* A command of less than 256 bytes: all of ours but READY with an identity,
 * which may be longer. */
static void put_command(struct buf *out, const char *name, struct str a, struct str b)
{
	size_t len = 1 + strlen(name) + a.len + b.len;

	if (len < 256) {
		buf_put_c(out, FLAG_COMMAND);
		buf_put_c(out, (char)len);
	} else {
		buf_put_c(out, FLAG_COMMAND | FLAG_LONG);
		buf_put_u64be(out, len);
	}
	buf_put_c(out, (char)strlen(name));
	buf_put_z(out, name);
	buf_put_str(out, a);
	buf_put_str(out, b);
}

static void put_property(struct buf *b, const char *name, struct str value)
{
	buf_put_c(b, (char)strlen(name));
	buf_put_z(b, name);
	buf_put_u32be(b, (uint32_t)value.len);
	buf_put_str(b, value);
}

static void put_ready(const struct zmtp *z, struct buf *out)
{
	struct buf props = BUF(512);

	put_property(&props, "Socket-Type", str_of(socket_types[z->type].name));
	if (z->type == ZMTP_DEALER)
		put_property(&props, "Identity", z->identity);
	put_command(out, "READY", buf_str(&props), STR_NONE);
	buf_fini(&props);
}

void zmtp_subscribe(const struct zmtp *z, struct buf *out, struct str prefix)
{
	/* RFC 37 (3.1) made a command of what was a message in RFC 23 (3.0). */
	if (z->peer_minor_ >= 1) {
		put_command(out, "SUBSCRIBE", prefix, STR_NONE);
	} else {
		uint8_t head[ZMTP_HEAD_MAX];

		buf_put(out, head, zmtp_head(head, prefix.len + 1, false));
		buf_put_c(out, 1);
		buf_put_str(out, prefix);
	}
}

static int check_greeting(struct zmtp *z, struct buf *out, struct err *err)
{
	const unsigned char *g = (const unsigned char *)buf_str(&z->small_).ptr;
	static const char null[20] = "NULL";

	if (g[0] != 0xFF || g[9] != 0x7F)
		return ERR(err, -EPROTO, "the peer does not speak ZMTP");
	if (g[10] < 3)
		return ERR(err, -EPROTO, "the peer speaks ZMTP %u, at least 3 is needed",
		           g[10]);
	if (memcmp(g + 12, null, sizeof(null)) != 0)
		return ERR(err, -EPROTO,
		           "the peer wants the security mechanism %.20s, only "
		           "NULL is known",
		           (const char *)g + 12);
	z->peer_minor_ = g[10] > 3 ? 1 : g[11];
	put_ready(z, out);
	return 0;
}

static int check_ready(struct zmtp *z, struct cur *c, struct err *err)
{
	while (cur_left(c)) {
		struct str name = cur_bytes(c, cur_u8(c));
		struct str value = cur_bytes(c, cur_u32be(c));

		if (cur_bad(c))
			break;
		if (!str_ieq(name, STR("Socket-Type")))
			continue;
		for (size_t i = 0; socket_types[z->type].peers[i]; i++) {
			if (str_is(value, socket_types[z->type].peers[i]))
				return 0;
		}
		return ERR(err, -EPROTO, "a %s socket can't talk to a %.*s socket",
		           socket_types[z->type].name, STR_ARG(value));
	}
	return ERR(err, -EPROTO, "the peer's READY does not name its socket type");
}

/* ZMTP_MORE, or ZMTP_READY. */
static int command(struct zmtp *z, struct buf *out, struct err *err)
{
	struct cur c = cur_of(buf_str(&z->small_));
	struct str name = cur_bytes(&c, cur_u8(&c));

	if (cur_bad(&c) || name.len == 0)
		return ERR(err, -EPROTO, "the peer sent a command without a name");
	if (!z->ready_) {
		int r;

		if (str_is(name, "ERROR")) {
			struct str why = str_sub(cur_bytes(&c, cur_u8(&c)), 0, 100);

			return ERR(err, -EPROTO, "the peer refuses: %.*s", STR_ARG(why));
		}
		if (!str_is(name, "READY"))
			return ERR(err, -EPROTO, "the peer sent %.*s instead of READY",
			           STR_ARG(name));
		r = check_ready(z, &c, err);
		z->ready_ = r == 0;
		return r < 0 ? r : ZMTP_READY;
	}
	if (str_is(name, "PING")) {
		struct str context;

		(void)cur_u16be(&c); /* how long it will wait: it is the one to act */
		context = cur_bytes(&c, cur_left(&c));
		if (cur_bad(&c) || context.len > 16)
			return ERR(err, -EPROTO, "the peer sent a PING that is none");
		put_command(out, "PONG", context, STR_NONE);
	}
	return ZMTP_MORE; /* others are for sockets of other types */
}

static int add_part(struct zmtp *z, struct err *err)
{
	struct zmtp_part p = { .off = buf_len(&z->msg_) };

	if (z->nparts_ >= ZMTP_PARTS_MAX)
		return ERR(err, -EPROTO, "the peer sent a message of more than %u parts",
		           ZMTP_PARTS_MAX);
	p.len = buf_room(&z->msg_);
	if (p.len > z->size_)
		p.len = (size_t)z->size_;
	p.dropped = z->size_ - p.len;
	z->keep_ = p.len;
	buf_put(&z->parts_, &p, sizeof(p));
	if (buf_error(&z->parts_))
		return ERR(err, buf_error(&z->parts_), "no memory for a message");
	z->nparts_++;
	return 0;
}

static int check_head(struct zmtp *z, struct err *err)
{
	struct cur c = cur_of(buf_str(&z->small_));

	z->flags_ = cur_u8(&c);
	z->size_ = z->flags_ & FLAG_LONG ? cur_u64be(&c) : cur_u8(&c);
	z->left_ = z->size_;
	buf_clear(&z->small_);
	if (z->flags_ & ~(FLAG_MORE | FLAG_LONG | FLAG_COMMAND) || z->size_ > INT64_MAX)
		return ERR(err, -EPROTO, "the peer sent a frame that is none");
	if (z->flags_ & FLAG_COMMAND) {
		if (z->flags_ & FLAG_MORE || z->size_ > ZMTP_COMMAND_MAX)
			return ERR(err, -EPROTO, "the peer sent a command that is none");
		z->state_ = COMMAND;
		return 0;
	}
	if (!z->ready_)
		return ERR(err, -EPROTO, "the peer sent a message before READY");
	z->state_ = BODY;
	return add_part(z, err);
}

/* Moves bytes that belong to the present item; false when more must come. Of
 * a message's frame only the first keep_ bytes are stored. */
static bool take(struct zmtp *z, struct str *in)
{
	size_t n = in->len < z->left_ ? in->len : (size_t)z->left_;
	size_t keep = n < z->keep_ ? n : z->keep_;

	if (z->state_ != BODY) {
		buf_put(&z->small_, in->ptr, n);
	} else {
		buf_put(&z->msg_, in->ptr, keep);
		z->keep_ -= keep;
	}
	*in = str_sub(*in, n, in->len);
	z->left_ -= n;
	return z->left_ == 0;
}

/* The head's first byte says how long it is. */
static bool take_head(struct zmtp *z, struct str *in)
{
	while (in->len) {
		size_t n = buf_len(&z->small_);

		if (n >= 2 && n == (buf_str(&z->small_).ptr[0] & FLAG_LONG ? 9U : 2U))
			return true;
		buf_put(&z->small_, in->ptr, 1);
		*in = str_sub(*in, 1, in->len);
	}
	return buf_len(&z->small_) >= 2 &&
	       buf_len(&z->small_) == (buf_str(&z->small_).ptr[0] & FLAG_LONG ? 9U : 2U);
}

static void next_frame(struct zmtp *z)
{
	buf_clear(&z->small_);
	z->state_ = HEAD;
}

/* One step; ZMTP_MORE only says that nothing came of it yet. *ret_stuck: the
 * input was used up before the item's end. */
static int step(struct zmtp *z, struct str *in, struct buf *out, bool *ret_stuck,
                struct err *err)
{
	int r;

	if (z->state_ == HEAD)
		*ret_stuck = !take_head(z, in);
	else
		*ret_stuck = !take(z, in);
	if (buf_error(&z->msg_) || buf_error(&z->small_))
		return ERR(err, -ENOMEM, "no memory for a message");
	if (*ret_stuck)
		return ZMTP_MORE;

	switch (z->state_) {
	case HEAD:
		return check_head(z, err);
	case GREETING:
		r = check_greeting(z, out, err);
		next_frame(z);
		return r;
	case COMMAND:
		r = command(z, out, err);
		next_frame(z);
		return r;
	case BODY:
	default:
		next_frame(z);
		z->whole_ = !(z->flags_ & FLAG_MORE);
		return z->whole_ ? ZMTP_MESSAGE : ZMTP_MORE;
	}
}

int zmtp_feed(struct zmtp *z, struct str *in, struct buf *out, struct err *err)
{
	bool stuck;
	int r;

	if (z->whole_)
		forget_message(z);
	do {
		r = step(z, in, out, &stuck, err);
	} while (r == ZMTP_MORE && !stuck);
	return r;
}

size_t zmtp_parts(const struct zmtp *z)
{
	return z->whole_ ? z->nparts_ : 0;
}

struct str zmtp_part(const struct zmtp *z, size_t i, uint64_t *ret_dropped)
{
	struct zmtp_part p;

	CHECK(i < z->nparts_);
	memcpy(&p, buf_str(&z->parts_).ptr + i * sizeof(p), sizeof(p));
	if (ret_dropped)
		*ret_dropped = p.dropped;
	return str_sub(buf_str(&z->msg_), p.off, p.off + p.len);
}

/* ---- the state as bytes ---- */

void zmtp_save(const struct zmtp *z, struct buf *out)
{
	bool whole = z->whole_; /* was delivered: the next feed forgets it */
	size_t n = whole ? 0 : z->nparts_;

	CHECK(z->ready_ && z->state_ != GREETING);
	buf_put_c(out, (char)z->state_);
	buf_put_c(out, (char)z->peer_minor_);
	buf_put_c(out, (char)z->flags_);
	buf_put_u64le(out, z->size_);
	buf_put_u64le(out, z->left_);
	buf_put_u64le(out, z->keep_);
	buf_put_u32le(out, (uint32_t)buf_len(&z->small_));
	buf_put_str(out, buf_str(&z->small_));
	buf_put_u32le(out, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		struct zmtp_part p;

		memcpy(&p, buf_str(&z->parts_).ptr + i * sizeof(p), sizeof(p));
		buf_put_u64le(out, p.len);
		buf_put_u64le(out, p.dropped);
	}
	buf_put_u64le(out, whole ? 0 : buf_len(&z->msg_));
	if (!whole)
		buf_put_str(out, buf_str(&z->msg_));
}

static bool load_parts(struct zmtp *z, struct cur *c)
{
	uint32_t n = cur_u32le(c);
	struct zmtp_part p = { 0 };
	size_t off = 0, len;
	struct str msg;

	if (n > ZMTP_PARTS_MAX)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		p.off = off;
		p.len = (size_t)cur_u64le(c);
		p.dropped = cur_u64le(c);
		if (cur_bad(c) || p.len > z->message_max - off)
			return false;
		off += p.len;
		buf_put(&z->parts_, &p, sizeof(p));
		z->nparts_++;
	}
	len = (size_t)cur_u64le(c);
	msg = cur_bytes(c, len);
	buf_put_str(&z->msg_, msg);
	/* Of the last part keep_ bytes are still to come. */
	return !cur_bad(c) && z->keep_ <= p.len && len == off - z->keep_ &&
	       (z->state_ != BODY || p.len + p.dropped == z->size_);
}

/* What the head in progress, or the frame in progress, may look like. */
static bool is_sound(const struct zmtp *z)
{
	size_t small = buf_len(&z->small_);

	if (z->flags_ & ~(FLAG_MORE | FLAG_LONG | FLAG_COMMAND) || z->size_ > INT64_MAX)
		return false;
	switch (z->state_) {
	case HEAD:
		return small < (small && buf_str(&z->small_).ptr[0] & FLAG_LONG ? 9U : 2U) &&
		       z->keep_ == 0;
	case BODY:
		return small == 0 && z->nparts_ > 0 && z->left_ <= z->size_ &&
		       z->keep_ <= z->left_ && !(z->flags_ & FLAG_COMMAND);
	case COMMAND:
		return z->size_ <= ZMTP_COMMAND_MAX && z->left_ <= z->size_ &&
		       small == z->size_ - z->left_ && z->keep_ == 0 &&
		       (z->flags_ & FLAG_COMMAND);
	default:
		return false;
	}
}

int zmtp_load(struct zmtp *z, struct cur *c, struct err *err)
{
	struct str small;

	buf_clear(&z->small_);
	forget_message(z);
	z->state_ = cur_u8(c);
	z->peer_minor_ = cur_u8(c);
	z->flags_ = cur_u8(c);
	z->size_ = cur_u64le(c);
	z->left_ = cur_u64le(c);
	z->keep_ = (size_t)cur_u64le(c);
	small = cur_bytes(c, cur_u32le(c));
	if (!cur_bad(c) && small.len <= ZMTP_COMMAND_MAX)
		buf_put_str(&z->small_, small);
	else
		cur_fail(c);
	z->ready_ = true;
	if (load_parts(z, c) && is_sound(z))
		return 0;
	return ERR(err, buf_error(&z->msg_) == -ENOMEM ? -ENOMEM : -EPROTO,
	           "these bytes are no state of a connection");
}
