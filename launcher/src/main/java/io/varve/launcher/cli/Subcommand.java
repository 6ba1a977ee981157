package io.varve.launcher.cli;

import io.varve.launcher.config.Environment;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.logging.Logging;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** What all commands that do something have in common. */
@Command(
        sortOptions = false,
        sortSynopsis = false,
        parameterListHeading = "%nArguments:%n",
        optionListHeading = "%nOptions:%n")
abstract class Subcommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    final CommandSpec spec() {
        return spec;
    }

    final PrintWriter out() {
        return spec.commandLine().getOut();
    }

    final PrintWriter err() {
        return spec.commandLine().getErr();
    }

    final Environment environment() {
        return ((VarveCommand) spec.root().userObject()).environment();
    }

    /** Reads the settings; from here on their level of logging holds. */
    final Settings settings() {
        final Settings settings = ((VarveCommand) spec.root().userObject()).settings();
        Logging.setLevel(settings.get(Setting.LOG));
        return settings;
    }
}
