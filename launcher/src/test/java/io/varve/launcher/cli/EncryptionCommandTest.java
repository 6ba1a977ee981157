package io.varve.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.launcher.ExitStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.jr.ob.JSON;

/** Volumes that are encrypted, by the commands that people use. */
class EncryptionCommandTest {
    private static final String TEXT = "what nobody else may read ";

    @TempDir
    private Path home;

    private Path image;
    private String key;
    private String other;

    @BeforeEach
    void makeKeys() throws IOException {
        image = Files.writeString(home.resolve("image"), TEXT.repeat(1 << 16).substring(0, 1 << 20));
        key = "file:" + home.resolve("key");
        other = "file:" + home.resolve("other");
        ok("key", "generate", home.resolve("key").toString());
        ok("key", "generate", home.resolve("other").toString());
    }

    private String ok(final String... arguments) {
        final CommandRun run = CommandRun.in(home, arguments);
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        return run.out();
    }

    private String fails(final String... arguments) {
        final CommandRun run = CommandRun.in(home, arguments);
        assertThat(run.status()).isEqualTo(ExitStatus.WRONG_USE);
        assertThat(run.err()).startsWith("varve: ").hasLineCount(1);
        return run.err();
    }

    @Test
    void importsEncryptAndExportsDecrypt() throws IOException {
        ok("volume", "import", image.toString(), "data", "--format", "raw", "--key", key);
        for (final Path file : files()) {
            assertThat(Files.readString(file, StandardCharsets.ISO_8859_1)).doesNotContain("nobody else");
        }
        final Path raw = home.resolve("raw");
        ok("volume", "export", "data", raw.toString(), "--key", key);
        assertThat(raw).hasSameBinaryContentAs(image);
        ok("volume", "verify", "data", "--key", key);
        assertThat(ok("volume", "du", "data", "--key", key)).contains("data");
        assertThat(ok("volume", "list")).contains("data");
        assertThat(ok("volume", "status", "data", "--key", key)).contains("closed");
    }

    @Test
    void withoutTheRightKeyItSaysWhichOneIsNeeded() {
        ok("volume", "import", image.toString(), "data", "--format", "raw", "--key", key);
        final String raw = home.resolve("raw").toString();
        assertThat(fails("volume", "export", "data", raw))
                .contains("volume 'data' is encrypted: give its key, which is wrapped by " + key);
        assertThat(fails("volume", "export", "data", raw, "--key", other)).contains("it is wrapped by " + key);
        assertThat(fails("volume", "verify", "data")).contains("is encrypted");
        assertThat(fails("volume", "export", "data", raw, "--key", "file:" + home.resolve("none")))
                .contains(home.resolve("none").toString());
        assertThat(fails("volume", "export", "data", raw, "--key", "key")).contains("'key' is no key source");
        assertThat(fails(
                        "serve", "data", "--socket-path", home.resolve("socket").toString()))
                .contains("is encrypted");
        assertThat(home.resolve("raw")).doesNotExist();
        ok("volume", "create", "plain", "--size", "1M");
        assertThat(fails("volume", "export", "plain", raw, "--key", key)).contains("has no key in the store");
    }

    @Test
    void aKeyIsRotatedAndTheOldOneIsOfNoUse() throws IOException {
        ok("volume", "import", image.toString(), "data", "--format", "raw", "--key", key);
        ok("snapshot", "create", "data@first", "--key", key);
        ok("volume", "create", "clone", "--from", "data@first", "--key", key);
        assertThat(ok("key", "status", "clone")).contains("wrapped by  " + key).contains("ancestors   1");
        assertThat(fails("key", "rotate", "clone", "--to", other)).contains("--key");
        assertThat(fails("key", "rotate", "clone", "--key", other, "--to", key)).contains("it is wrapped by " + key);
        assertThat(ok("key", "rotate", "clone", "--key", key, "--to", other))
                .isEqualTo("The keys of volume clone are wrapped by " + other + " now.\n");
        final Path raw = home.resolve("raw");
        fails("volume", "export", "clone", raw.toString(), "--key", key);
        ok("volume", "export", "clone", raw.toString(), "--key", other);
        assertThat(raw).hasSameBinaryContentAs(image);
        assertThat(JSON.std.mapFrom(ok("key", "status", "clone", "--json")))
                .containsEntry("is_encrypted", true)
                .containsEntry("wrapped_by", other);
        ok("volume", "create", "plain", "--size", "1M");
        assertThat(ok("key", "status", "plain")).isEqualTo("Volume plain is not encrypted.\n");
        assertThat(ok("volume", "remove", "clone")).isEqualTo("Removed volume clone.\n");
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.walk(home)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> !file.equals(image))
                    .toList();
        }
    }
}
