/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion scripts, made from the table of commands. Names of workspaces
 * are asked for while completing, by `carrel workspace list --json`, silently.
 */
#include <stdio.h>

#include "cli/cli.h"

static void options_words(const struct command *cmd)
{
	for (size_t i = 0; i < CLI_OPTIONS_MAX && cmd->options[i].name; i++)
		printf("--%s ", cmd->options[i].name);
	printf("--json --help");
}

static bool first_of_noun(size_t i)
{
	return i == 0 || !str_is(str_of(commands[i].noun), commands[i - 1].noun);
}

static void bash(void)
{
	printf("# bash completion for carrel; made by: carrel completion bash\n"
	       "_carrel_workspaces()\n{\n"
	       "\tcarrel workspace list --json 2>/dev/null |\n"
	       "\t\tsed 's/{\"id\":\"ws_/\\n&/g' | sed -n "
	       "'s/^{\"id\":\"ws_[^\"]*\",\"name\":\"\\([^\"\\\\ ]*\\)\".*/\\1/p'\n}\n"
	       "_carrel()\n{\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} words=\n"
	       "\tCOMPREPLY=()\n"
	       "\tif ((COMP_CWORD == 1)); then\n\t\twords=\"help");
	for (size_t i = 0; i < ncommands; i++) {
		if (first_of_noun(i))
			printf(" %s", commands[i].noun);
	}
	printf("\"\n\telse\n\t\tcase \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n");
	for (size_t i = 0; i < ncommands; i++) {
		const struct command *cmd = &commands[i];

		printf("\t\t\"%s %s\"%s)\n\t\t\twords=\"", cmd->noun,
		       cmd->verb ? cmd->verb : "", cmd->verb ? "" : "*");
		options_words(cmd);
		printf("\"\n");
		if (cmd->complete == COMPLETE_WORKSPACE)
			printf("\t\t\t[[ $cur == -* ]] || words=$(_carrel_workspaces)\n");
		else if (cmd->complete == COMPLETE_FILE_WORKSPACE)
			printf("\t\t\t[[ $cur == -* ]] || words=$(_carrel_workspaces)\n"
			       "\t\t\t((COMP_CWORD != 3)) || { mapfile -t COMPREPLY < "
			       "<(compgen -f -- \"$cur\"); return; }\n");
		else if (cmd->complete == COMPLETE_WORKSPACE_FILE) /* : parts words */
			printf("\t\t\t[[ $cur == -* ]] || words=$(_carrel_workspaces)\n"
			       "\t\t\t((COMP_CWORD < 4)) || "
			       "[[ $cur == : || ${COMP_WORDS[COMP_CWORD-1]} == : ]] ||\n"
			       "\t\t\t\t{ mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); "
			       "return; }\n");
		else if (cmd->complete == COMPLETE_SHELL)
			printf("\t\t\t[[ $cur == -* ]] || words=\"bash zsh\"\n");
		else if (cmd->complete == COMPLETE_CATALOGUE)
			printf(
			    "\t\t\t[[ $cur == -* ]] || words=\"export diff apply use\"\n"
			    "\t\t\t((COMP_CWORD < 4)) || { mapfile -t COMPREPLY < <(compgen -f "
			    "-- \"$cur\"); return; }\n");
		printf("\t\t\t;;\n");
	}
	for (size_t i = 0; i < ncommands; i++) {
		if (!commands[i].verb || !first_of_noun(i))
			continue;
		printf("\t\t\"%s \"*)\n\t\t\t((COMP_CWORD > 2)) || words=\"", commands[i].noun);
		for (size_t k = i;
		     k < ncommands && str_is(str_of(commands[k].noun), commands[i].noun); k++)
			printf("%s%s", k > i ? " " : "", commands[k].verb);
		printf("\"\n\t\t\t;;\n");
	}
	printf("\t\tesac\n\tfi\n"
	       "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\n"
	       "complete -F _carrel carrel\n");
}

/* For a zsh description in single quotes and brackets. */
static void zsh_text(const char *s)
{
	for (; *s; s++) {
		if (*s == '\'')
			printf("'\\''");
		else if (*s == ':' || *s == '[' || *s == ']')
			printf("\\%c", *s);
		else
			putchar(*s);
	}
}

static void zsh_command(const struct command *cmd)
{
	printf("_arguments");
	for (size_t i = 0; i < CLI_OPTIONS_MAX && cmd->options[i].name; i++) {
		const struct cli_option *o = &cmd->options[i];

		printf(" '--%s%s[", o->name, o->arg ? "=" : "");
		zsh_text(o->text);
		printf("]%s%s'", o->arg ? ":" : "", o->arg ? o->arg : "");
		if (o->arg)
			printf("':'");
	}
	printf(" '--json[the answer as JSON]' '--help[help]'");
	if (cmd->complete == COMPLETE_WORKSPACE)
		printf(" '1:workspace:_carrel_workspaces'");
	else if (cmd->complete == COMPLETE_FILE_WORKSPACE)
		printf(" '1:file:_files' '2:workspace:_carrel_workspaces'");
	else if (cmd->complete == COMPLETE_WORKSPACE_FILE)
		printf(" '1:workspace:_carrel_workspaces' '2:file:_files'");
	else if (cmd->complete == COMPLETE_SHELL)
		printf(" '1:shell:(bash zsh)'");
	else if (cmd->complete == COMPLETE_CATALOGUE)
		printf(" '1:what:(export diff apply use)' '2:file:_files'");
	printf("\n");
}

static void zsh(void)
{
	printf("#compdef carrel\n# zsh completion for carrel; made by: carrel completion zsh\n"
	       "_carrel_workspaces()\n{\n"
	       "\tlocal -a names\n"
	       "\tnames=(${(f)\"$(carrel workspace list --json 2>/dev/null |\n"
	       "\t\tsed 's/{\"id\":\"ws_/\\n&/g' | sed -n "
	       "'s/^{\"id\":\"ws_[^\"]*\",\"name\":\"\\([^\"\\\\]*\\)\".*/\\1/p')\"})\n"
	       "\tcompadd -a names\n}\n"
	       "_carrel()\n{\n"
	       "\tlocal -a nouns verbs\n\tnouns=('help:explain a command'");
	for (size_t i = 0; i < ncommands; i++) {
		if (!first_of_noun(i))
			continue;
		printf(" '%s:", commands[i].noun);
		zsh_text(commands[i].verb ? "" : commands[i].text);
		printf("'");
	}
	printf(")\n\tif ((CURRENT == 2)); then\n\t\t_describe command nouns\n\t\treturn\n\tfi\n"
	       "\tcase $words[2] in\n");
	for (size_t i = 0; i < ncommands; i++) {
		if (!first_of_noun(i))
			continue;
		printf("\t%s)\n", commands[i].noun);
		if (!commands[i].verb) {
			printf("\t\tshift words\n\t\t((CURRENT--))\n\t\t");
			zsh_command(&commands[i]);
			printf("\t\t;;\n");
			continue;
		}
		printf("\t\tverbs=(");
		for (size_t k = i;
		     k < ncommands && str_is(str_of(commands[k].noun), commands[i].noun); k++) {
			printf("%s'%s:", k > i ? " " : "", commands[k].verb);
			zsh_text(commands[k].text);
			printf("'");
		}
		printf(")\n\t\tif ((CURRENT == 3)); then\n\t\t\t_describe command "
		       "verbs\n\t\t\treturn\n\t\tfi\n"
		       "\t\tlocal verb=$words[3]\n\t\tshift 2 words\n\t\t((CURRENT -= "
		       "2))\n\t\tcase $verb in\n");
		for (size_t k = i;
		     k < ncommands && str_is(str_of(commands[k].noun), commands[i].noun); k++) {
			printf("\t\t%s) ", commands[k].verb);
			zsh_command(&commands[k]);
			printf("\t\t\t;;\n");
		}
		printf("\t\tesac\n\t\t;;\n");
	}
	printf("\tesac\n}\n"
	       "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n\t_carrel "
	       "\"$@\"\nelse\n\tcompdef _carrel carrel\nfi\n");
}

int cmd_completion(struct cli *c)
{
	if (str_is(str_of(c->argv[0]), "bash"))
		bash();
	else if (str_is(str_of(c->argv[0]), "zsh"))
		zsh();
	else
		return cli_say(c, CLI_USAGE, "completions are made for bash and zsh");
	return CLI_OK;
}
