package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import io.varve.testsupport.LoadGenerator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A volume grows under its guest, and becomes smaller while it has none; the other commands by way of the daemon. */
@Timeout(120)
@SuppressWarnings("try")
class ResizeTest {
    private static final long MIB = 1 << 20;
    private static final int BLOCK = 4096;

    /** VHOST_USER_BACKEND_CONFIG_CHANGE_MSG. */
    private static final int CONFIG_CHANGE = 2;

    @TempDir
    private Path home;

    private DaemonRig rig;
    private String control;

    @BeforeEach
    void create() throws IOException {
        rig = new DaemonRig(home);
        rig.create("one");
        control = VarveProcess.control(home).toString();
    }

    private String resize(final String size, final String... more) {
        final String[] args = {"volume", "resize", "one", "--size", size};
        final String[] all = Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return rig.ok(all);
    }

    @Test
    void growsUnderItsGuestAndStaysSo() throws IOException, InterruptedException {
        final byte[] data = new byte[BLOCK];
        Arrays.fill(data, (byte) 7);
        try (VarveProcess daemon = VarveProcess.daemon(home);
                FrontEnd frontEnd = FrontEnd.started(rig.attach("one"), FrontEndOptions.DEFAULT)) {
            final LoadGenerator load = new LoadGenerator(frontEnd, 1000, BLOCK, 16, 1);
            load.run(500);
            assertThat(frontEnd.run(BlkRequest.write(256 * MIB, data)).status()).isEqualTo(BlkRequest.IOERR);
            load.fill();

            assertThat(resize("512M", "--control", control)).isEqualTo("Volume one has 512M now.\n");

            load.drain();
            assertThat(frontEnd.backEndChannel().request()).isEqualTo(CONFIG_CHANGE);
            assertThat(frontEnd.getConfig(0, 8).getLong() * 512).isEqualTo(512 * MIB);
            assertThat(read(frontEnd, 512 * MIB - BLOCK)).containsOnly(0);
            assertThat(frontEnd.run(BlkRequest.write(512 * MIB - BLOCK, data)).status())
                    .isEqualTo(BlkRequest.OK);
            assertThat(rig.status("one").get("size_bytes")).isEqualTo((int) (512 * MIB));
            daemon.kill();
        }
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            daemon.awaitOut(line -> line.contains("volume one: 512M, is ready at "));
            try (FrontEnd frontEnd = FrontEnd.started(rig.socket("one"), FrontEndOptions.DEFAULT)) {
                assertThat(frontEnd.capacity()).isEqualTo(512 * MIB);
                assertThat(read(frontEnd, 512 * MIB - BLOCK)).isEqualTo(data);
            }
            final DaemonRig.Run shrink =
                    rig.run("volume", "resize", "one", "--size", "1M", "--allow-shrink", "--control", control);
            assertThat(shrink.status()).isEqualTo(2);
            assertThat(shrink.err())
                    .isEqualTo("varve: volume 'one' is attached, and can only grow: detach it to make it smaller\n");
            assertThat(rig.ok("volume", "resize", "one", "--size", "1G", "--store", rig.url("one")))
                    .isEqualTo("Volume one has 1G now.\n");
            assertThat(rig.status("one").get("size_bytes")).isEqualTo((int) (1024 * MIB));
        }
    }

    @Test
    void isShrunkOnPurposeOnlyAndReadsZerosWhenItGrowsAgain() throws IOException, InterruptedException {
        final String[] here = {
            "--store", rig.url("one"), "--cache", home.resolve(".cache/varve").toString()
        };
        final byte[] data = new byte[BLOCK];
        Arrays.fill(data, (byte) 7);
        try (VarveProcess daemon = VarveProcess.daemon(home);
                FrontEnd frontEnd = FrontEnd.started(rig.attach("one"), FrontEndOptions.DEFAULT)) {
            frontEnd.run(BlkRequest.write(64 * MIB - BLOCK, data));
            frontEnd.run(BlkRequest.write(64 * MIB, data));
            frontEnd.run(BlkRequest.write(256 * MIB - BLOCK, data));
            rig.ok("detach", "one");
        }
        final DaemonRig.Run refused = rig.run("volume", "resize", "one", "--size", "64M", "--store", rig.url("one"));
        assertThat(refused.status()).isEqualTo(2);
        assertThat(refused.err())
                .isEqualTo(
                        "varve: volume 'one' has 256M: --allow-shrink makes it smaller, and what lies beyond 64M is lost"
                                + " for good\n");

        assertThat(resize("64M", "--allow-shrink", here[0], here[1], here[2], here[3]))
                .isEqualTo("Volume one has 64M now.\n");
        assertThat(rig.ok("volume", "info", "one", "--store", rig.url("one"))).contains("64M", "closed");
        assertThat(resize("128M", here)).isEqualTo("Volume one has 128M now.\n");

        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            rig.attach("one");
            assertThat(resize("256M", "--control", control)).isEqualTo("Volume one has 256M now.\n");
            try (FrontEnd frontEnd = FrontEnd.started(rig.socket("one"), FrontEndOptions.DEFAULT)) {
                assertThat(read(frontEnd, 64 * MIB - BLOCK)).isEqualTo(data);
                assertThat(read(frontEnd, 64 * MIB)).containsOnly(0);
                assertThat(read(frontEnd, 256 * MIB - BLOCK)).containsOnly(0);
            }
        }
    }

    @Test
    void sizesThatNoVolumeCanHaveAreRefused() {
        for (final String size : new String[] {"1", "0", "65T", "x"}) {
            final DaemonRig.Run run =
                    rig.run("volume", "resize", "one", "--size", size, "--allow-shrink", "--store", rig.url("one"));
            assertThat(run.status()).as(size).isEqualTo(2);
            assertThat(run.err()).startsWith("varve: ").hasLineCount(1);
        }
        assertThat(rig.ok("volume", "info", "one", "--store", rig.url("one"))).contains("256M");
    }

    @Test
    void theDaemonDoesWhatTheOtherCommandsDo() throws IOException, InterruptedException {
        try (VarveProcess daemon = VarveProcess.daemon(home, "--store", rig.url("one"))) {
            assertThat(rig.ok(
                            "volume", "create", "new", "--size", "64M", "--durability", "store", "--control", control))
                    .isEqualTo("Created volume new of 64M.\n");
            assertThat(rig.ok("volume", "list", "--control", control))
                    .isEqualTo(rig.ok("volume", "list", "--store", rig.url("one")))
                    .contains("new ", "one ");
            assertThat(rig.ok("volume", "set", "new", "max-unsent-age=1s", "--control", control))
                    .isEqualTo("Volume new: max-unsent-age 1s.\n");
            assertThat(rig.ok("volume", "info", "new", "--json", "--control", control))
                    .isEqualTo(rig.ok("volume", "info", "new", "--json", "--store", rig.url("one")));
            assertThat(rig.ok("volume", "info", "new", "--control", control))
                    .isEqualTo(rig.ok("volume", "info", "new", "--store", rig.url("one")));
            rig.ok("attach", "new");
            final DaemonRig.Run inUse = rig.run("volume", "remove", "new", "--control", control);
            assertThat(inUse.status()).isEqualTo(2);
            assertThat(inUse.err()).isEqualTo("varve: volume 'new' is attached: detach it first\n");
            rig.ok("detach", "new");
            assertThat(rig.ok("volume", "remove", "new", "--control", control)).isEqualTo("Removed volume new.\n");
            assertThat(rig.run("volume", "info", "new", "--control", control).err())
                    .startsWith("varve: no volume 'new' in ");
        }
    }

    private static byte[] read(final FrontEnd frontEnd, final long offset) throws IOException {
        final BlkRequest read = frontEnd.run(BlkRequest.read(offset, BLOCK));
        assertThat(read.status()).isEqualTo(BlkRequest.OK);
        return read.in();
    }
}
