package io.varve.launcher.config;

import io.varve.launcher.UserException;
import java.nio.file.Path;
import java.util.Map;

/**
 * The surroundings of one run of the command, so that tests can choose them.
 *
 * @param variables environment variables.
 */
public record Environment(Map<String, String> variables) {
    /** The process's own environment. */
    public static Environment ofProcess() {
        return new Environment(System.getenv());
    }

    /** Value of a variable; null when it is not set or empty. */
    public String get(final String name) {
        final String value = variables.get(name);
        return value == null || value.isEmpty() ? null : value;
    }

    /**
     * A directory of the XDG base directory specification.
     *
     * @param variable such as {@code XDG_DATA_HOME}; a relative value is ignored, as the specification asks.
     * @param fallback relative to the home directory.
     * @throws UserException when neither the variable nor {@code HOME} is set.
     */
    public Path xdg(final String variable, final String fallback) {
        final String value = get(variable);
        if (value != null && value.startsWith("/")) {
            return UserPath.of(value);
        }
        final String home = get("HOME");
        if (home == null) {
            throw new UserException(
                    "neither " + variable + " nor HOME is set: name the directories with --store and --cache");
        }
        return UserPath.of(home).resolve(fallback);
    }

    /** A path in the user's directory of sockets, {@code $XDG_RUNTIME_DIR}, or where there is none in {@code /run}. */
    Path runtimePath(final String name) {
        final String directory = get("XDG_RUNTIME_DIR");
        return UserPath.of(directory != null && directory.startsWith("/") ? directory : "/run")
                .resolve(name);
    }
}
