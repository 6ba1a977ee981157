package io.varve.launcher.config;

import io.varve.launcher.UserException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Paths as people write them: in a URL, a file or a call a NUL may stand, and in a locale without it any other character. */
public final class UserPath {
    private UserPath() {}

    /**
     * A path.
     *
     * @throws UserException when no file can have that name here.
     */
    public static Path of(final String text) {
        try {
            return Path.of(text);
        } catch (final InvalidPathException e) {
            throw new UserException("'" + text.replaceAll("\\p{Cc}", "?") + "' is not a path: " + e.getReason(), e);
        }
    }
}
