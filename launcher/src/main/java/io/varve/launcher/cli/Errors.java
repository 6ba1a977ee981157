package io.varve.launcher.cli;

import io.varve.control.ControlException;
import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.launcher.config.Environment;
import io.varve.lsvd.VolumeException;
import java.io.PrintWriter;
import java.util.Locale;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns every exception that ends the command into one line on the error stream and an exit status. */
final class Errors {
    /** Set to anything, this variable adds the stack trace to each error. */
    static final String DEBUG_VARIABLE = "VARVE_DEBUG";

    private final boolean debug;
    private final PrintWriter err;

    Errors(final Environment environment, final PrintWriter err) {
        this.debug = environment.get(DEBUG_VARIABLE) != null;
        this.err = err;
    }

    /** Reports an exception and returns the exit status that it asks for. */
    int handle(final Throwable e) {
        final int status;
        switch (e) {
            case ParameterException usage -> {
                err.println("varve: " + sentence(usage) + "; see '"
                        + usage.getCommandLine().getCommandSpec().qualifiedName() + " --help'");
                status = ExitStatus.WRONG_USE;
            }
            case UserException known -> {
                err.println("varve: " + line(known.getMessage()));
                status = ExitStatus.WRONG_USE;
            }
            case ControlException known -> {
                err.println("varve: " + line(known.getMessage()));
                status = ExitStatus.WRONG_USE;
            }
            case VolumeException known -> {
                err.println("varve: " + line(known.getMessage()) + hint(known));
                status = ExitStatus.WRONG_USE;
            }
            default -> {
                err.println("varve: internal error: " + line(e.toString())
                        + (debug ? "" : "; run it again with " + DEBUG_VARIABLE + "=1 and report what it prints"));
                status = ExitStatus.INTERNAL_ERROR;
            }
        }
        if (debug) {
            e.printStackTrace(err);
        }
        err.flush();
        return status;
    }

    private static String sentence(final ParameterException e) {
        if (e instanceof UnmatchedArgumentException unmatched && !unmatched.isUnknownOption()) {
            final boolean hasCommands = !e.getCommandLine().getSubcommands().isEmpty();
            return (hasCommands ? "there is no command '" : "there is nothing that this could mean: '")
                    + String.join(" ", unmatched.getUnmatched()) + "'";
        }
        final String sentence = line(e.getMessage()).replaceFirst("^Error: ", "");
        return sentence.substring(0, 1).toLowerCase(Locale.ROOT) + sentence.substring(1);
    }

    private static String hint(final VolumeException e) {
        return e.kind() == VolumeException.Kind.NOT_FOUND
                ? "; 'varve volume list' shows what there is, and 'varve snapshot list VOLUME' its snapshots"
                : "";
    }

    private static String line(final String message) {
        return message == null ? "(no message)" : message.strip().replaceAll("\\s*\\R\\s*", "; ");
    }
}
