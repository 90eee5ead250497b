/* SPDX-License-Identifier: Apache-2.0 */
#include "api/do.h"

/* clang-format off */
/* What edge passes on to the agent of a workspace's files, session or not
 * (doc/internals/files.md): no routes of core, but of the same API. */
#define FILES "/api/v1/workspaces/{id}/files"
const struct route files_rows[] = {
	{ "GET", FILES "/contents/{path}", WHO_ACCOUNT, RIGHT_READ, NULL, 200, "Contents", NULL, 0,
	  "A folder with its entries, or a file; with offset or length a part of it", { { 0 } },
	  { { "content", FIELD_STRING, false, 1, 1, "0: without content" },
	    { "format", FIELD_STRING, false, 4, 6, "text or base64" },
	    { "offset", FIELD_INTEGER, false, 0, INT64_MAX, "where the part begins" },
	    { "length", FIELD_INTEGER, false, 1, 1048576, "bytes of the part" } } },
	{ "POST", FILES "/contents/{path}", WHO_ACCOUNT, RIGHT_WRITE, NULL, 201, "Contents", NULL, 0,
	  "A new file, notebook or folder of a free name, or a copy" },
	{ "PUT", FILES "/contents/{path}", WHO_ACCOUNT, RIGHT_WRITE, NULL, 200, "Contents", NULL, 0,
	  "Save a file, or make a folder" },
	{ "PATCH", FILES "/contents/{path}", WHO_ACCOUNT, RIGHT_WRITE, NULL, 200, "Contents", NULL, 0,
	  "Rename or move" },
	{ "DELETE", FILES "/contents/{path}", WHO_ACCOUNT, RIGHT_WRITE, NULL, 204, NULL, NULL, 0,
	  "Move to the trash" },
	{ "POST", FILES "/restore", WHO_ACCOUNT, RIGHT_WRITE, NULL, 200, "Contents", NULL, 0,
	  "Bring back what was deleted last from a path: path" },
	{ "GET", FILES "/uploads", WHO_ACCOUNT, RIGHT_READ, NULL, 200, "UploadList", NULL, 0,
	  "Uploads that were not finished" },
	{ "POST", FILES "/uploads", WHO_ACCOUNT, RIGHT_WRITE, NULL, 201, "Upload", NULL, 0,
	  "Begin an upload: path, size, replace" },
	{ "GET", FILES "/uploads/{upload}", WHO_ACCOUNT, RIGHT_READ, NULL, 200, "Upload", NULL, 0,
	  "How far an upload is" },
	{ "PATCH", FILES "/uploads/{upload}", WHO_ACCOUNT, RIGHT_WRITE, NULL, 200, "Upload", NULL, 0,
	  "Append raw bytes (application/octet-stream) at offset; 409 with the Upload if it is elsewhere", { { 0 } },
	  { { "offset", FIELD_INTEGER, true, 0, INT64_MAX, "where these bytes begin" } } },
	{ "DELETE", FILES "/uploads/{upload}", WHO_ACCOUNT, RIGHT_WRITE, NULL, 204, NULL, NULL, 0,
	  "Give an upload up" },
	{ "POST", FILES "/uploads/{upload}/finish", WHO_ACCOUNT, RIGHT_WRITE, NULL, 200, "Contents", NULL, 0,
	  "Put the whole file in its place; may be repeated" },
	{ "GET", FILES "/disk", WHO_ACCOUNT, RIGHT_READ, NULL, 200, "Disk", NULL, 0,
	  "What uses the storage, largest first", { { 0 } },
	  { { "path", FIELD_STRING, false, 0, 4096, "a folder; default the home" },
	    { "limit", FIELD_INTEGER, false, 1, 200, "most entries; default 20" } } },
	{ "GET", FILES "/environment", WHO_ACCOUNT, RIGHT_READ, NULL, 200, "Environment", NULL, 0,
	  "Python packages of the home and the image, and how they differ" },
	{ "GET", FILES "/names", WHO_ACCOUNT, RIGHT_READ, NULL, 200, "NameList", NULL, 0,
	  "Files whose name holds a text", { { 0 } },
	  { { "q", FIELD_STRING, true, 1, 255, "the text" },
	    { "limit", FIELD_INTEGER, false, 1, 200, "most files; default 20" } } },
};
const size_t nfiles_rows = ARRAY_LEN(files_rows);
