/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "agent/reexec.h"
#include "agent/run.h"
#include "base/str.h"

int main(int argc, char **argv)
{
	struct str mode = str_of(argc > 1 ? argv[1] : "");

	if (str_is(mode, "session"))
		return session_main(argv);
	if (str_is(mode, "files"))
		return files_mode_main();
	if (str_is(mode, "serve"))
		return serve_main(argc, argv);
	if (str_is(mode, "--check-state"))
		return reexec_check_main(argc > 2 ? argv[2] : "");
	if (str_is(mode, "--version")) {
		(void)puts("carrel-agent " CARREL_VERSION);
		return 0;
	}
	(void)fputs(
	    "usage: carrel-agent serve [--option value]... | session | files | --version\n",
	    stderr);
	return 2;
}
