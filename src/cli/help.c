/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/cli.h"

const struct command *command_find(char **argv, int n, int *ret_words)
{
	for (size_t i = 0; i < ncommands; i++) {
		const struct command *cmd = &commands[i];

		if (n < 1 || !str_is(str_of(argv[0]), cmd->noun))
			continue;
		if (cmd->verb && (n < 2 || !str_is(str_of(argv[1]), cmd->verb)))
			continue;
		*ret_words = cmd->verb ? 2 : 1;
		return cmd;
	}
	return NULL;
}

const char *cli_option(const struct cli *c, const char *name)
{
	for (size_t i = 0; i < CLI_OPTIONS_MAX && c->cmd->options[i].name; i++) {
		if (str_is(str_of(name), c->cmd->options[i].name))
			return c->values[i];
	}
	CHECK(!"an option that the command's table has");
	return NULL;
}

static void option_line(const struct cli_option *o)
{
	char left[64];

	(void)snprintf(left, sizeof(left), "%c%c%s --%s%s%s", o->letter ? '-' : ' ',
	               o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name,
	               o->arg ? " " : "", o->arg ? o->arg : "");
	printf("  %-26s %s\n", left, o->text);
}

static void name_of(const struct command *cmd, char *ret, size_t size)
{
	(void)snprintf(ret, size, "%s%s%s", cmd->noun, cmd->verb ? " " : "",
	               cmd->verb ? cmd->verb : "");
}

void command_help(const struct command *cmd)
{
	static const struct cli_option common[] = {
		{ "json", 0, NULL, "the answer as JSON, for programs" },
		{ "help", 'h', NULL, "this text" },
	};
	char name[64];

	name_of(cmd, name, sizeof(name));
	printf("Usage: carrel %s [OPTION...]%s%s\n\n%c%s.\n\n", name, *cmd->args ? " " : "",
	       cmd->args, cmd->text[0] - ('a' - 'A'), cmd->text + 1);
	for (size_t i = 0; i < CLI_OPTIONS_MAX && cmd->options[i].name; i++)
		option_line(&cmd->options[i]);
	for (size_t i = 0; i < ARRAY_LEN(common); i++)
		option_line(&common[i]);
}

void commands_help(const char *noun)
{
	printf("Usage: carrel COMMAND [OPTION...] [ARGUMENT...]\n\n");
	for (size_t i = 0; i < ncommands; i++) {
		char left[80], name[64];

		if (noun && !str_is(str_of(noun), commands[i].noun))
			continue;
		name_of(&commands[i], name, sizeof(name));
		(void)snprintf(left, sizeof(left), "%s %s", name, commands[i].args);
		printf("  %-26s %s\n", left, commands[i].text);
	}
	printf("\nEvery command knows --help and --json. Exit codes: 0 done, 1 failed, 2 wrong "
	       "usage,\n"
	       "3 not found, 4 not allowed or not signed in, 5 the hub can't be reached.\n");
}
