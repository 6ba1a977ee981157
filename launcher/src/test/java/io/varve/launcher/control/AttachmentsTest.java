package io.varve.launcher.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.launcher.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AttachmentsTest {
    private static final Map<String, Object> PARAMS =
            Map.of("volume", "data", "read_only", true, "settings", Map.of("cache-size", "64M"));

    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void name() {
        file = directory.resolve("control.sock.attached");
    }

    private Attachments attachments() {
        return new Attachments(directory.resolve("control.sock"));
    }

    @Test
    void areNoneAtFirst() {
        assertThat(attachments().load()).isEmpty();
        attachments().remove("data");
        assertThat(file).doesNotExist();
    }

    @Test
    void areReadAgainAsTheyWereUntilTheyAreForgotten() throws IOException {
        attachments().put("data", PARAMS);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        final Attachments next = attachments();
        assertThat(next.load()).isEqualTo(Map.of("data", PARAMS));
        assertThat(next.get("data")).isEqualTo(PARAMS);
        next.put("more", Map.of("volume", "more"));
        next.remove("data");
        assertThat(attachments().load()).containsOnlyKeys("more");
        assertThat(directory).isDirectoryNotContaining("glob:**.new");
    }

    @Test
    void ofAnotherBootDoNotCount() throws IOException {
        attachments().put("data", PARAMS);
        final String content = Files.readString(file);
        final String boot =
                Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
        Files.writeString(file, content.replace(boot, "another"));
        assertThat(attachments().load()).isEmpty();
    }

    @Test
    void thatAreDamagedAreRefusedAndStay() throws IOException {
        for (final String content : new String[] {"", "{", "[]", "{}", "{\"attached\":[]}", "\0"}) {
            Files.writeString(file, content);
            assertThatThrownBy(() -> attachments().load())
                    .as(content)
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining(file.toString())
                    .hasMessageContaining("remove it");
            assertThat(file).hasContent(content);
        }
    }

    @Test
    void thatCannotBeWrittenAreSaidToBeSo() throws IOException {
        Files.createDirectories(directory.resolve("control.sock.attached.new/full"));
        assertThatThrownBy(() -> attachments().put("data", PARAMS))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith("cannot write " + file + ", the list of attached volumes: ");
    }
}
