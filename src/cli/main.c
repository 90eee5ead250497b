/* SPDX-License-Identifier: Apache-2.0 */
#include <curl/curl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>

#include "cli/cli.h"

/* All answers of a run together; a year of usage is some megabytes. */
#define MEMORY_MAX ((size_t)512 << 20)
/* Codes of getopt for long options without a letter. */
#define LONG_BASE 1000
#define OPT_JSON  2000
#define OPT_HELP  2001

static int usage(const struct cli *c, const struct command *cmd)
{
	if (!c->json)
		(void)fprintf(stderr, "Try: carrel %s%s%s%s--help\n", cmd ? cmd->noun : "",
		              cmd && cmd->verb ? " " : "", cmd && cmd->verb ? cmd->verb : "",
		              cmd ? " " : "");
	return CLI_USAGE;
}

static size_t describe(const struct command *cmd, struct option *longs, char *letters)
{
	size_t n = 0, at = 0;

	letters[at++] = ':';
	letters[at++] = 'h';
	for (; n < CLI_OPTIONS_MAX && cmd->options[n].name; n++) {
		const struct cli_option *o = &cmd->options[n];

		longs[n] = (struct option){ o->name, o->arg ? required_argument : no_argument,
			                    NULL, LONG_BASE + (int)n };
		if (o->letter) {
			letters[at++] = o->letter;
			if (o->arg)
				letters[at++] = ':';
		}
	}
	longs[n] = (struct option){ "json", no_argument, NULL, OPT_JSON };
	longs[n + 1] = (struct option){ "help", no_argument, NULL, OPT_HELP };
	longs[n + 2] = (struct option){ 0 };
	letters[at] = 0;
	return n;
}

static size_t index_of(const struct command *cmd, size_t n, int code)
{
	if (code >= LONG_BASE)
		return (size_t)(code - LONG_BASE);
	for (size_t i = 0; i < n; i++) {
		if (cmd->options[i].letter == code)
			return i;
	}
	return n;
}

/* argv[0] is the command's last word. -1: go on; else the exit code. */
static int parse(struct cli *c, int argc, char **argv)
{
	struct option longs[CLI_OPTIONS_MAX + 3];
	char letters[2 * CLI_OPTIONS_MAX + 3];
	size_t n = describe(c->cmd, longs, letters);
	int code;

	opterr = 0;
	while ((code = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		size_t i;

		if (code == OPT_JSON) {
			c->json = true;
		} else if (code == OPT_HELP || code == 'h') {
			command_help(c->cmd);
			return CLI_OK;
		} else if (code == '?' || code == ':') {
			(void)cli_say(c, CLI_USAGE,
			              code == ':' ? "%s needs a value"
			                          : "there is no option %s",
			              argv[optind - 1]);
			return usage(c, c->cmd);
		} else if ((i = index_of(c->cmd, n, code)) < n) {
			c->values[i] = optarg ? optarg : "";
		}
	}
	c->argc = argc - optind;
	c->argv = argv + optind;
	if (c->argc < c->cmd->min_args || c->argc > c->cmd->max_args) {
		(void)cli_say(c, CLI_USAGE,
		              c->argc < c->cmd->min_args ? "%s is missing"
		                                         : "too many arguments, expected: %s",
		              *c->cmd->args ? c->cmd->args : "none");
		return usage(c, c->cmd);
	}
	return -1;
}

/* What may stand before the command; *i is the first word that doesn't. */
static int leading(struct cli *c, int argc, char **argv, int *i)
{
	for (; *i < argc && argv[*i][0] == '-'; (*i)++) {
		struct str word = str_of(argv[*i]);

		if (str_is(word, "--json")) {
			c->json = true;
		} else if (str_is(word, "--help") || str_is(word, "-h")) {
			commands_help(NULL);
			return CLI_OK;
		} else if (str_is(word, "--version")) {
			return cmd_version(c);
		} else {
			(void)cli_say(c, CLI_USAGE, "there is no option %s", argv[*i]);
			return usage(c, NULL);
		}
	}
	return -1;
}

static int help(const struct cli *c, int argc, char **argv)
{
	int words;
	const struct command *cmd = argc ? command_find(argv, argc, &words) : NULL;

	if (cmd)
		command_help(cmd);
	else
		commands_help(argc ? argv[0] : NULL);
	return CLI_OK;
}

static int run(struct cli *c, int argc, char **argv)
{
	int i = 1, words, r = leading(c, argc, argv, &i);

	if (r >= 0)
		return r;
	if (i == argc) {
		commands_help(NULL);
		return CLI_USAGE;
	}
	if (str_is(str_of(argv[i]), "help"))
		return help(c, argc - i - 1, argv + i + 1);
	c->cmd = command_find(argv + i, argc - i, &words);
	if (!c->cmd) {
		(void)cli_say(c, CLI_USAGE, "there is no command %s%s%s", argv[i],
		              i + 1 < argc ? " " : "", i + 1 < argc ? argv[i + 1] : "");
		return usage(c, NULL);
	}
	i += words - 1;
	r = parse(c, argc - i, argv + i);
	return r >= 0 ? r : c->cmd->run(c);
}

int main(int argc, char **argv)
{
	struct cli c = { .arena = ARENA(MEMORY_MAX) };
	int r;

	(void)signal(SIGPIPE, SIG_IGN); /* a pager that ended shows as a failed write */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return cli_say(&c, CLI_FAILED, "libcurl does not start");
	r = run(&c, argc, argv);
	curl_global_cleanup();
	arena_fini(&c.arena);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("carrel: write the answer");
		return r ? r : CLI_FAILED;
	}
	return r;
}
