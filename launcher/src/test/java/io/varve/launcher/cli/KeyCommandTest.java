package io.varve.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.keys.KeySource;
import io.varve.launcher.ExitStatus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyCommandTest {
    @TempDir
    private Path home;

    @Test
    void makesAKeyFileOnce() throws Exception {
        final Path file = home.resolve("key");
        final CommandRun made = CommandRun.in(home, "key", "generate", file.toString());
        assertThat(made.status()).isEqualTo(ExitStatus.OK);
        assertThat(made.out()).isEqualTo("Made the key file " + file + ". Keep a copy of it elsewhere.\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        final String key = Files.readString(file);
        assertThat(made.out() + made.err()).doesNotContain(key.strip());
        KeySource.parse("file:" + file).open().close();

        final CommandRun again = CommandRun.in(home, "key", "generate", file.toString());
        assertThat(again.status()).isEqualTo(ExitStatus.WRONG_USE);
        assertThat(again.err())
                .isEqualTo("varve: " + file + " is there already, and is not overwritten:"
                        + " whatever it may be the key of would be lost\n");
        assertThat(Files.readString(file)).isEqualTo(key);
    }

    @Test
    void saysWhatIsWrong() {
        final Path file = home.resolve("none/key");
        final CommandRun run = CommandRun.in(home, "key", "generate", file.toString());
        assertThat(run.status()).isEqualTo(ExitStatus.WRONG_USE);
        assertThat(run.err()).isEqualTo("varve: " + file + " can't be made: its directory is not there\n");
    }
}
