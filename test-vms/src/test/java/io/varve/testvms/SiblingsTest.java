package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.testvms.qtest.Qmp;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A guest boots from a clone of a golden image while another does from its sibling. Both write, files of their own and into
 * one that they have from the image, are reset while both are at it, and boot again.
 */
@Timeout(300)
@ExtendWith(Lab.Extension.class)
class SiblingsTest {
    private static final Duration SCRIPT_LIMIT = Duration.ofSeconds(60);

    @BeforeAll
    static void requireGuest() {
        Checkout.requireGuest();
        Emulator.ofMachine().require();
    }

    @Test
    void eachSeesTheGoldenImageAndItsOwnWritesOnly(final Lab lab) throws Exception {
        final Path golden = image(lab);
        final VarveHost host = lab.newHost();
        host.importImage(golden, "golden");
        host.start();
        host.run("snapshot", "create", "golden@ready");
        try (Sibling left = new Sibling("left", lab, host, Emulator.all().getFirst());
                Sibling right = new Sibling("right", lab, host, Emulator.newest())) {
            final List<Sibling> siblings = List.of(left, right);
            for (final Sibling sibling : siblings) {
                sibling.accept();
                sibling.guest.awaitBoot();
                assertThat(sibling.guest.awaitValue("marks")).as(sibling.name).isEmpty();
            }
            for (final Sibling sibling : siblings) {
                sibling.guest.awaitStep("marked");
            }
            for (final Sibling sibling : siblings) {
                sibling.qmp.execute("system_reset", Map.of());
            }
            for (final Sibling sibling : siblings) {
                sibling.guest.awaitBoot();
                assertThat(sibling.guest.awaitValue("marks").strip()).isEqualTo(sibling.name);
                assertThat(sibling.guest.awaitValue("own")).isEqualTo(sibling.name);
                sibling.guest.awaitSuccess();
            }
        }
        host.stop();
        for (final String volume : List.of("golden", "left", "right")) {
            host.run("volume", "verify", volume);
        }
        final Path exported = lab.directory().resolve("exported.raw");
        host.run("volume", "export", "golden", exported.toString());
        assertThat(Files.mismatch(exported, golden))
                .as("first byte of the golden image that has changed")
                .isEqualTo(-1);
    }

    private static Path image(final Lab lab) throws IOException, InterruptedException {
        final Path image = lab.directory().resolve("golden.raw");
        final Program script = lab.run(
                "make-image",
                List.of(
                        Checkout.file("test-vms/guest/make-image").toString(),
                        "--init",
                        Checkout.file("test-vms/guest/tasks/sibling.sh").toString(),
                        "--output",
                        image.toString()));
        assertThat(script.awaitExit(SCRIPT_LIMIT))
                .as(() -> script.output().tail(5))
                .isZero();
        return image;
    }

    /** A guest with a clone of its own, which it boots from. */
    private static final class Sibling implements AutoCloseable {
        private final String name;
        private final Qmp qmp;
        private final GuestVm guest;

        Sibling(final String name, final Lab lab, final VarveHost host, final Emulator emulator) throws IOException {
            this.name = name;
            host.run("volume", "create", name, "--from", "golden@ready");
            final Path socket = host.attach(name);
            qmp = new Qmp(lab.directory().resolve(name + ".qmp"));
            guest = lab.bootFromDisk(
                    emulator, socket, List.of("--memory", "128M", "--smp", "1"), "varve.name=" + name, qmp.arguments());
        }

        void accept() throws IOException {
            qmp.accept();
        }

        @Override
        public void close() throws IOException {
            qmp.close();
        }
    }
}
