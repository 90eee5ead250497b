/* SPDX-License-Identifier: Apache-2.0 */
/* The two values of the WebSocket handshake (RFC 6455 4.2.2). */
#pragma once

#include "base/str.h"

/* Is it the base64 form of 16 bytes? */
bool ws_key_ok(struct str key);
#define WS_ACCEPT_LEN 28
void ws_key_accept(struct str key, char ret[WS_ACCEPT_LEN]);
/* A fresh key for a client. */
#define WS_KEY_LEN 24
void ws_key_new(char ret[WS_KEY_LEN]);
