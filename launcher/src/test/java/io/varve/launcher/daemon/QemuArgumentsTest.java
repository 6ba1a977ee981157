package io.varve.launcher.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class QemuArgumentsTest {
    @Test
    void nameWhatADiskNeeds() {
        assertThat(QemuArguments.of("data", Path.of("/run/data.sock")))
                .isEqualTo("-machine q35,memory-backend=mem -m 1G -object memory-backend-memfd,id=mem,size=1G,share=on"
                        + " -chardev socket,id=varve-data,path=/run/data.sock,reconnect=1"
                        + " -device vhost-user-blk-pci,chardev=varve-data");
    }

    /** QEMU's identities: a letter, then letters, digits, '-', '.' and '_'. */
    @Test
    void nameASnapshotAsQemuCan() {
        final String arguments = QemuArguments.of("data@2026-11-30T22:00", Path.of("/run/s.sock"));
        assertThat(arguments)
                .contains("id=varve-data_2026-11-30T22_00,")
                .endsWith("chardev=varve-data_2026-11-30T22_00");
    }

    @Test
    void sayNothingToLibvirtThatItRefuses() {
        assertThat(QemuArguments.libvirtXml(Path.of("/run/s.sock"))).doesNotContain("readonly");
    }

    @Test
    void quoteForQemuAndForTheShell() {
        assertThat(QemuArguments.of("data", Path.of("/run/it's, here")))
                .contains(" -chardev 'socket,id=varve-data,path=/run/it'\\''s,, here,reconnect=1' ");
    }
}
