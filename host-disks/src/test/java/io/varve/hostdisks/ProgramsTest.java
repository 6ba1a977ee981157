package io.varve.hostdisks;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class ProgramsTest {
    @Test
    void saysThatThereIsNoSuchProgram() {
        assertThatThrownBy(() -> Programs.run(List.of("mkfs.nosuchthing", "x")))
                .isInstanceOf(HostDiskException.class)
                .hasMessage("there is no program mkfs.nosuchthing on this host");
    }

    @Test
    void saysWhatAProgramHasSaidLast() {
        assertThatThrownBy(() -> Programs.run(List.of("sh", "-c", "echo first; echo last >&2; exit 3")))
                .hasMessage("sh has failed: last");
        assertThatThrownBy(() -> Programs.run(List.of("false"))).hasMessage("false has failed: exit status 1");
        assertThatCode(() -> Programs.run(List.of("true"))).doesNotThrowAnyException();
    }
}
