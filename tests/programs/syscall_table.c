/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the table of system calls for tests and documentation: a line per row, with tabs between columns. */
#include <inttypes.h>
#include <stdio.h>

#include "worker/sandbox/syscalls.h"

static const char *const actions[] = {
    [SYSCALL_ALLOW] = "ALLOW",   [SYSCALL_ALLOW_HOST] = "HOST", [SYSCALL_ALLOW_FILES] = "FILES",
    [SYSCALL_TELL] = "TELL",     [SYSCALL_ANSWER] = "ANSWER",   [SYSCALL_ERRNO] = "QUIET",
    [SYSCALL_REPORT] = "REPORT",
};
static const char *const comparisons[] = {
    [SYSCALL_ANY] = "ANY", [SYSCALL_EQ] = "EQ",         [SYSCALL_NE] = "NE",
    [SYSCALL_GT] = "GT",   [SYSCALL_MASKED] = "MASKED", [SYSCALL_OPTION] = "OPTION",
};

int main(void)
{
    for (size_t i = 0; i < sandbox_n_syscalls; i++) {
        const struct syscall_rule *rule = &sandbox_syscalls[i];

        printf("%s\t%s\t%s\t%u\t%" PRIu64 "\t%" PRIu64 "\t%u\t%s\t%s\n", rule->name, actions[rule->action],
               comparisons[rule->compare], rule->arg, rule->value, rule->mask, rule->error,
               rule->operand ? rule->operand : "", rule->reason);
    }
    return 0;
}
