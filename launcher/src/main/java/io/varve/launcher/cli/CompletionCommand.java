package io.varve.launcher.cli;

import io.varve.launcher.ExitStatus;
import picocli.AutoComplete;
import picocli.CommandLine.Command;

/** {@code varve completion}. */
@Command(
        name = "completion",
        description = "Print a completion script for bash and zsh.",
        footerHeading = "%nUse:%n",
        footer = "  source <(varve completion)")
final class CompletionCommand extends Subcommand {
    @Override
    public Integer call() {
        out().print(AutoComplete.bash("varve", spec().root().commandLine()));
        out().flush();
        return ExitStatus.OK;
    }
}
