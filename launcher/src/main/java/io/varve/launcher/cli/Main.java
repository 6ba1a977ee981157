package io.varve.launcher.cli;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.launcher.config.Environment;
import io.varve.launcher.config.UserPath;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.TypeConversionException;

/** Entry point of the {@code varve} command. */
public final class Main {
    private Main() {}

    /** Runs the command with the process's arguments, environment and standard streams, and ends the process. */
    public static void main(final String[] args) {
        final PrintWriter out = new PrintWriter(System.out, true);
        final PrintWriter err = new PrintWriter(System.err, true);
        final int status = run(args, Environment.ofProcess(), out, err);
        out.flush();
        err.flush();
        System.exit(status);
    }

    /**
     * Runs the command.
     *
     * @param args        after the command's name.
     * @param environment where variables are looked up.
     * @param out         what was asked for.
     * @param err         what went wrong, in one line.
     * @return exit status, of {@link ExitStatus}.
     */
    public static int run(
            final String[] args, final Environment environment, final PrintWriter out, final PrintWriter err) {
        final Errors errors = new Errors(environment, err);
        try {
            if (asksForCapabilities(Arrays.asList(args))) {
                Capabilities.print(out);
                return ExitStatus.OK;
            }
            return commandLine(environment)
                    .setOut(out)
                    .setErr(err)
                    .setParameterExceptionHandler((e, arguments) -> errors.handle(e))
                    .setExecutionExceptionHandler((e, command, result) -> errors.handle(e))
                    .execute(args);
        } catch (final Throwable e) {
            return errors.handle(e);
        }
    }

    /** The whole tree of commands. */
    static CommandLine commandLine(final Environment environment) {
        final CommandLine root = new CommandLine(new VarveCommand(environment))
                .setUsageHelpAutoWidth(true)
                .registerConverter(Path.class, Main::path);
        HelpText.apply(root);
        return root;
    }

    private static Path path(final String text) {
        try {
            return UserPath.of(text);
        } catch (final UserException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    /** With this option all other options and arguments are to be ignored, so it is looked for before they are read. */
    private static boolean asksForCapabilities(final List<String> args) {
        return args.contains("serve") && args.contains(ServeCommand.PRINT_CAPABILITIES);
    }
}
