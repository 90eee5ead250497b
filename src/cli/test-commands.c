/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "cli/cli.h"
#include "test.h"

static void the_table_is_sound(void)
{
	for (size_t i = 0; i < ncommands; i++) {
		const struct command *cmd = &commands[i];
		bool seen = false;

		T_OK(cmd->run && cmd->text[0] >= 'a' && cmd->text[0] <= 'z');
		T_OK(cmd->min_args <= cmd->max_args &&
		     (cmd->max_args > 0) == (cmd->args[0] != 0));
		/* The commands of a noun stand together. */
		for (size_t k = 0; k < i; k++) {
			bool same = strcmp(commands[k].noun, cmd->noun) == 0;

			T_OK(!seen || same);
			T_OK(!same || (cmd->verb && commands[k].verb &&
			               strcmp(cmd->verb, commands[k].verb) != 0));
			seen |= same;
		}
	}
}

static void check_option(const struct cli_option *o, size_t k)
{
	T_OK(strcmp(o[k].name, "json") != 0 && strcmp(o[k].name, "help") != 0);
	T_OK(o[k].letter != 'h' && (!o[k].letter || isalpha((unsigned char)o[k].letter)));
	for (size_t m = 0; m < k; m++) {
		T_OK(strcmp(o[k].name, o[m].name) != 0);
		T_OK(!o[k].letter || o[k].letter != o[m].letter);
	}
}

static void options_do_not_clash(void)
{
	for (size_t i = 0; i < ncommands; i++) {
		const struct cli_option *o = commands[i].options;

		for (size_t k = 0; k < CLI_OPTIONS_MAX && o[k].name; k++)
			check_option(o, k);
	}
}

static void words_lead_to_their_command(void)
{
	char workspace[] = "workspace", list[] = "list", ls[] = "ls", no[] = "no";
	char *two[] = { workspace, list }, *bad[] = { workspace, no }, *one[] = { ls, list };
	int words = 0;

	T_OK(command_find(two, 2, &words)->run == cmd_workspace_list && words == 2);
	T_OK(command_find(one, 2, &words)->run == cmd_ls && words == 1);
	T_OK(!command_find(bad, 2, &words) && !command_find(two, 1, &words));
	T_OK(!command_find(two, 0, &words));
}

TEST_MAIN({ "the table is sound", the_table_is_sound },
          { "options do not clash", options_do_not_clash },
          { "words lead to their command", words_lead_to_their_command })
