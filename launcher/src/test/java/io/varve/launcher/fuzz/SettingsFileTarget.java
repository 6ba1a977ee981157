package io.varve.launcher.fuzz;

import io.varve.launcher.UserException;
import io.varve.launcher.config.Environment;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.testsupport.fuzz.FuzzTarget;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The settings file: TOML, and what the keys in it may hold. */
final class SettingsFileTarget implements FuzzTarget {
    private Path file;

    @Override
    public String name() {
        return "settings-file";
    }

    @Override
    public long mostAllocated(final int length) {
        return (32L << 20) + 64L * 1024 * length;
    }

    @Override
    public int sampled() {
        return 3_000;
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(
                bytes("""
                    # where objects are
                    store = "s3://bucket/prefix"
                    cache-size = "8G"
                    s3-path-style = true
                    gc-space = "1.5"
                    control-mode = "0660"
                    poll-time = '50us'
                    """),
                bytes("store = \"file:///srv/a%20b\"\nread-cache-size = 0\nread-lanes = 2\ncache = \"/tmp\"\n"),
                bytes("[table]\na = [1, 2.5, {b = 1979-05-27T07:32:00Z}]\n\"quoted key\" = \"\"\"x\\u00e9\"\"\"\n"));
    }

    private static byte[] bytes(final String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void run(final byte[] input) throws IOException {
        if (file == null) {
            file = Files.createTempFile("fuzz", ".toml");
            file.toFile().deleteOnExit();
        }
        Files.write(file, input);
        try {
            final Settings settings = Settings.load(file, new Environment(Map.of("HOME", "/tmp")));
            for (final Setting<?> setting : Setting.ALL) {
                settings.get(setting);
            }
        } catch (final UserException e) {
            if (e.getMessage().isBlank()) {
                throw new AssertionError("nothing is said of what is wrong", e);
            }
        }
    }
}
