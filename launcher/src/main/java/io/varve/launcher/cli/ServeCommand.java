package io.varve.launcher.cli;
import picocli.CommandLine.Command;
@Command(name = "serve", description = "Serve")
final class ServeCommand extends Subcommand {
    static final String PRINT_CAPABILITIES = "--print-capabilities";
    @Override public Integer call() { return 0; }
}
