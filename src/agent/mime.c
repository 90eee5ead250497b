/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/mime.h"

/* Sorted by extension: looked up by halving. */
/* clang-format off */
static const struct {
	const char *ext, *mime;
} table[] = {
	{ "3gp", "video/3gpp" },
	{ "7z", "application/x-7z-compressed" },
	{ "aac", "audio/aac" },
	{ "avi", "video/x-msvideo" },
	{ "avif", "image/avif" },
	{ "bash", "text/x-sh" },
	{ "bib", "text/x-bibtex" },
	{ "bin", "application/octet-stream" },
	{ "bmp", "image/bmp" },
	{ "bz2", "application/x-bzip2" },
	{ "c", "text/x-csrc" },
	{ "cc", "text/x-c++src" },
	{ "cfg", "text/plain" },
	{ "conf", "text/plain" },
	{ "cpp", "text/x-c++src" },
	{ "css", "text/css" },
	{ "csv", "text/csv" },
	{ "cxx", "text/x-c++src" },
	{ "deb", "application/vnd.debian.binary-package" },
	{ "diff", "text/x-diff" },
	{ "doc", "application/msword" },
	{ "dockerfile", "text/plain" },
	{ "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
	{ "dot", "text/vnd.graphviz" },
	{ "eot", "application/vnd.ms-fontobject" },
	{ "eps", "application/postscript" },
	{ "epub", "application/epub+zip" },
	{ "feather", "application/octet-stream" },
	{ "flac", "audio/flac" },
	{ "geojson", "application/geo+json" },
	{ "gif", "image/gif" },
	{ "gml", "application/gml+xml" },
	{ "go", "text/x-go" },
	{ "gv", "text/vnd.graphviz" },
	{ "gz", "application/gzip" },
	{ "h", "text/x-chdr" },
	{ "h5", "application/x-hdf5" },
	{ "hdf", "application/x-hdf" },
	{ "hdf5", "application/x-hdf5" },
	{ "hpp", "text/x-c++hdr" },
	{ "htm", "text/html" },
	{ "html", "text/html" },
	{ "ico", "image/vnd.microsoft.icon" },
	{ "ics", "text/calendar" },
	{ "ini", "text/plain" },
	{ "ipynb", "application/x-ipynb+json" },
	{ "jar", "application/java-archive" },
	{ "java", "text/x-java" },
	{ "jl", "text/x-julia" },
	{ "jpeg", "image/jpeg" },
	{ "jpg", "image/jpeg" },
	{ "js", "text/javascript" },
	{ "json", "application/json" },
	{ "jsonl", "application/jsonl" },
	{ "jsonld", "application/ld+json" },
	{ "kml", "application/vnd.google-earth.kml+xml" },
	{ "kt", "text/x-kotlin" },
	{ "latex", "application/x-latex" },
	{ "log", "text/plain" },
	{ "lua", "text/x-lua" },
	{ "m4a", "audio/mp4" },
	{ "m4v", "video/mp4" },
	{ "map", "application/json" },
	{ "markdown", "text/markdown" },
	{ "md", "text/markdown" },
	{ "mid", "audio/midi" },
	{ "mjs", "text/javascript" },
	{ "mkv", "video/x-matroska" },
	{ "mov", "video/quicktime" },
	{ "mp3", "audio/mpeg" },
	{ "mp4", "video/mp4" },
	{ "mpeg", "video/mpeg" },
	{ "mpg", "video/mpeg" },
	{ "npy", "application/x-npy" },
	{ "npz", "application/x-npz" },
	{ "odp", "application/vnd.oasis.opendocument.presentation" },
	{ "ods", "application/vnd.oasis.opendocument.spreadsheet" },
	{ "odt", "application/vnd.oasis.opendocument.text" },
	{ "ogg", "audio/ogg" },
	{ "ogv", "video/ogg" },
	{ "opus", "audio/ogg" },
	{ "otf", "font/otf" },
	{ "parquet", "application/vnd.apache.parquet" },
	{ "patch", "text/x-diff" },
	{ "pdf", "application/pdf" },
	{ "pkl", "application/octet-stream" },
	{ "pl", "text/x-perl" },
	{ "png", "image/png" },
	{ "ppt", "application/vnd.ms-powerpoint" },
	{ "pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation" },
	{ "ps", "application/postscript" },
	{ "py", "text/x-python" },
	{ "pyw", "text/x-python" },
	{ "qmd", "text/markdown" },
	{ "r", "text/x-r" },
	{ "rb", "text/x-ruby" },
	{ "rmd", "text/markdown" },
	{ "rs", "text/rust" },
	{ "rst", "text/x-rst" },
	{ "rtf", "application/rtf" },
	{ "sass", "text/x-sass" },
	{ "scala", "text/x-scala" },
	{ "scss", "text/x-scss" },
	{ "sh", "text/x-sh" },
	{ "sql", "application/sql" },
	{ "sqlite", "application/vnd.sqlite3" },
	{ "sqlite3", "application/vnd.sqlite3" },
	{ "svg", "image/svg+xml" },
	{ "svgz", "image/svg+xml" },
	{ "swift", "text/x-swift" },
	{ "tar", "application/x-tar" },
	{ "tex", "text/x-tex" },
	{ "text", "text/plain" },
	{ "tgz", "application/gzip" },
	{ "tif", "image/tiff" },
	{ "tiff", "image/tiff" },
	{ "toml", "application/toml" },
	{ "ts", "video/mp2t" },
	{ "tsv", "text/tab-separated-values" },
	{ "tsx", "text/plain" },
	{ "ttf", "font/ttf" },
	{ "txt", "text/plain" },
	{ "vcf", "text/vcard" },
	{ "wasm", "application/wasm" },
	{ "wav", "audio/x-wav" },
	{ "webm", "video/webm" },
	{ "webmanifest", "application/manifest+json" },
	{ "webp", "image/webp" },
	{ "whl", "application/zip" },
	{ "woff", "font/woff" },
	{ "woff2", "font/woff2" },
	{ "xhtml", "application/xhtml+xml" },
	{ "xls", "application/vnd.ms-excel" },
	{ "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
	{ "xml", "application/xml" },
	{ "xsd", "application/xml" },
	{ "xsl", "application/xslt+xml" },
	{ "xz", "application/x-xz" },
	{ "yaml", "application/yaml" },
	{ "yml", "application/yaml" },
	{ "zip", "application/zip" },
	{ "zst", "application/zstd" },
};
/* clang-format on */

#define EXT_MAX 16

const char *mime_guess(struct str name)
{
	char ext[EXT_MAX];
	size_t dot = name.len, lo = 0, hi = ARRAY_LEN(table);

	while (dot > 0 && name.ptr[dot - 1] != '.')
		dot--;
	/* No dot, or only a leading one: ".bashrc" has no extension. */
	if (dot < 2 || name.len - dot >= sizeof(ext))
		return NULL;
	for (size_t i = dot; i < name.len; i++) {
		char c = name.ptr[i];

		ext[i - dot] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	ext[name.len - dot] = '\0';
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int d = strcmp(ext, table[mid].ext);

		if (d == 0)
			return table[mid].mime;
		if (d < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

bool mime_is_text(const char *mime)
{
	return strcmp(mime, "text/plain") == 0;
}
