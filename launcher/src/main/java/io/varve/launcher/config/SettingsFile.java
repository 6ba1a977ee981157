package io.varve.launcher.config;

import io.varve.launcher.UserException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.tomlj.Toml;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;

/** Reads the TOML file. Its top-level keys are those of {@link Setting#ALL}; any other stops the command. */
final class SettingsFile {
    private static final int MAX_SIZE = 1 << 20;

    /**
     * A value and where it stands.
     *
     * @param text   as it would be written on the command line.
     * @param origin file and line.
     */
    record Entry(String text, String origin) {}

    private SettingsFile() {}

    /**
     * Reads a file.
     *
     * @return entries by key.
     * @throws UserException naming file and line of what is wrong.
     */
    static Map<String, Entry> read(final Path file) {
        final TomlParseResult toml = parse(file);
        if (toml.hasErrors()) {
            final TomlParseError error = toml.errors().getFirst();
            throw new UserException(origin(file, error.position()) + ": " + firstLine(error.getMessage()));
        }
        final Map<String, Entry> entries = new LinkedHashMap<>();
        for (final String key : toml.keySet()) {
            final List<String> path = List.of(key);
            final String origin = origin(file, toml.inputPositionOf(path));
            if (Setting.ALL.stream().noneMatch(setting -> setting.key().equals(key))) {
                throw new UserException(origin + ": unknown setting '" + key + "'; there are "
                        + Setting.ALL.stream().map(Setting::key).collect(Collectors.joining(", ")));
            }
            final Object value = toml.get(path);
            if (!(value instanceof String) && !(value instanceof Long) && !(value instanceof Boolean)) {
                throw new UserException(origin + ": " + key + " takes a string, a whole number, true or false");
            }
            entries.put(key, new Entry(value.toString(), origin));
        }
        return entries;
    }

    private static String content(final Path file) {
        try {
            if (Files.size(file) > MAX_SIZE) {
                throw new UserException("settings file " + file + " is larger than " + ByteSize.format(MAX_SIZE));
            }
            return Files.readString(file);
        } catch (final NoSuchFileException e) {
            throw new UserException("settings file " + file + " does not exist", e);
        } catch (final CharacterCodingException e) {
            throw new UserException("settings file " + file + " is not UTF-8 text", e);
        } catch (final IOException e) {
            final String reason = Files.isDirectory(file) ? "it is a directory" : "permission denied?";
            throw new UserException("settings file " + file + " cannot be read: " + reason, e);
        }
    }

    /** The parser's own assertions and errors are the file's fault as well. */
    private static TomlParseResult parse(final Path file) {
        final String content = content(file);
        try {
            return Toml.parse(content);
        } catch (final RuntimeException | AssertionError e) {
            throw new UserException(file + " is no TOML that can be read", e);
        }
    }

    private static String origin(final Path file, final TomlPosition position) {
        return file + ":" + (position == null ? 1 : position.line());
    }

    private static String firstLine(final String message) {
        return message.lines().findFirst().orElse("not TOML");
    }
}
