package io.varve.launcher.config;

import io.varve.launcher.UserException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The values of all settings in one run of the command. */
public final class Settings {
    /** Variable that names the TOML file. */
    public static final String FILE_VARIABLE = "VARVE_CONFIG";

    private static final Path SYSTEM_FILE = Path.of("/etc/varve/varve.toml");

    private final Environment environment;
    private final Map<String, SettingsFile.Entry> file;
    private final Map<String, String> overrides;

    private Settings(
            final Environment environment,
            final Map<String, SettingsFile.Entry> file,
            final Map<String, String> overrides) {
        this.environment = environment;
        this.file = file;
        this.overrides = overrides;
    }

    /**
     * Finds and reads the TOML file and checks everything in it and in the environment, used or not.
     *
     * @param explicitFile the file named on the command line; null for the first that exists of the usual places.
     * @throws UserException naming the place of the first thing that is wrong.
     */
    public static Settings load(final Path explicitFile, final Environment environment) {
        final Path path = explicitFile != null ? explicitFile : find(environment);
        final Settings settings =
                new Settings(environment, path == null ? Map.of() : SettingsFile.read(path), Map.of());
        for (final Setting<?> setting : Setting.ALL) {
            settings.fromFile(setting);
            settings.fromEnvironment(setting);
        }
        return settings;
    }

    /**
     * These settings, but for some that win over all else, as options do.
     *
     * @param values  texts by key.
     * @param allowed which may be among them.
     * @throws UserException when another is, or a text is no value of its setting.
     */
    public Settings with(final Map<String, String> values, final List<Setting<?>> allowed) {
        final List<String> keys = allowed.stream().map(Setting::key).toList();
        for (final String key : values.keySet()) {
            if (!keys.contains(key)) {
                throw new UserException(
                        "setting '" + key + "' can't be given here; there are " + String.join(", ", keys));
            }
        }
        for (final Setting<?> setting : allowed) {
            if (values.containsKey(setting.key())) {
                parse(setting, values.get(setting.key()), "--" + setting.key());
            }
        }
        final Map<String, String> all = new HashMap<>(overrides);
        all.putAll(values);
        return new Settings(environment, file, all);
    }

    /** The value of a setting that has no option. */
    public <T> T get(final Setting<T> setting) {
        return get(setting, null);
    }

    /**
     * The value of a setting.
     *
     * @param option text given on the command line; null when there is none.
     * @throws UserException when that text is no value of the setting.
     */
    public <T> T get(final Setting<T> setting, final String option) {
        final String text = option != null ? option : overrides.get(setting.key());
        if (text != null) {
            return parse(setting, text, "--" + setting.key());
        }
        T value = fromEnvironment(setting);
        if (value == null) {
            value = fromFile(setting);
        }
        return value != null ? value : setting.defaultValue(environment);
    }

    /** Whether a setting has its default for want of anything else. */
    public boolean isDefault(final Setting<?> setting, final String option) {
        return option == null
                && !overrides.containsKey(setting.key())
                && environment.get(setting.variable()) == null
                && !file.containsKey(setting.key());
    }

    private <T> T fromEnvironment(final Setting<T> setting) {
        final String text = environment.get(setting.variable());
        return text == null ? null : parse(setting, text, setting.variable());
    }

    private <T> T fromFile(final Setting<T> setting) {
        final SettingsFile.Entry entry = file.get(setting.key());
        return entry == null ? null : parse(setting, entry.text(), entry.origin() + ": " + setting.key());
    }

    private static <T> T parse(final Setting<T> setting, final String text, final String origin) {
        try {
            return setting.parse(text);
        } catch (final UserException e) {
            throw new UserException(origin + ": " + e.getMessage(), e);
        }
    }

    private static Path find(final Environment environment) {
        final String named = environment.get(FILE_VARIABLE);
        if (named != null) {
            return UserPath.of(named);
        }
        final boolean hasHome = environment.get("HOME") != null || environment.get("XDG_CONFIG_HOME") != null;
        final List<Path> places = hasHome
                ? List.of(environment.xdg("XDG_CONFIG_HOME", ".config").resolve("varve/varve.toml"), SYSTEM_FILE)
                : List.of(SYSTEM_FILE);
        return places.stream().filter(Files::exists).findFirst().orElse(null);
    }
}
