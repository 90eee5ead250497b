/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder as one download: zip, tar or tar.gz, made while it is sent. What
 * the contents API hides is left out; links to files are followed as long as
 * they stay beneath the root, links to folders are not.
 */
#pragma once

#include "agent/call.h"

/* fd: the folder, open for reading, taken over. format: "zip" (also ""),
 * "tar", "tar.gz" or "tgz"; anything else is answered with 400. */
void archive_send(struct call *c, struct str path, int fd, struct str format);
/* GET /directories/<path>?archiveFormat=…: what jupyter-archive's menu entry asks for. */
call_fn archive_directories;
