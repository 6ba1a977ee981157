package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import io.varve.testsupport.LoadGenerator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.jr.ob.JSON;

/** What operators see and set of garbage collection, at a real daemon; and what volumes take of the store. */
@Timeout(60)
@SuppressWarnings("try")
class CollectionTest {
    private static final int BLOCKS = 512;
    private static final int WRITES = 3000;

    @TempDir
    private Path home;

    private DaemonRig rig;

    @BeforeEach
    void createVolume() throws IOException {
        rig = new DaemonRig(home);
        rig.create("one");
    }

    @Test
    void isShownPausedAndResumed() throws IOException, InterruptedException {
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            rig.ok("attach", "one", "--store", rig.url("one"), "--gc-space", "1.5", "--gc-rate", "50M");
            assertThat(gc("status"))
                    .containsEntry("volume", "one")
                    .containsEntry("gc_space", 1.5)
                    .containsEntry("gc_garbage", 0.5)
                    .containsEntry("gc_rate", 50 << 20)
                    .containsEntry("gc_paused", false);
            assertThat(rig.ok("gc", "pause", "one")).isEqualTo("Garbage collection of volume one is paused.\n");
            assertThat(gc("status")).containsEntry("gc_paused", true);
            assertThat(rig.ok("gc", "status", "one")).contains("collection  paused");
            assertThat(rig.ok("gc", "resume", "one")).isEqualTo("Garbage collection of volume one goes on.\n");
            assertThat(gc("status")).containsEntry("gc_paused", false);

            final DaemonRig.Run other = rig.run("gc", "pause", "two");
            assertThat(other.status()).isEqualTo(2);
            assertThat(other.err()).isEqualTo("varve: volume 'two' is not attached\n");
            rig.ok("detach", "one");
            final DaemonRig.Run readOnly = attachReadOnlyAndPause();
            assertThat(readOnly.status()).isEqualTo(2);
            assertThat(readOnly.err()).isEqualTo("varve: volume 'one' is served read-only\n");
        }
    }

    private DaemonRig.Run attachReadOnlyAndPause() throws IOException {
        rig.ok("attach", "one", "--store", rig.url("one"), "--read-only");
        return rig.run("gc", "pause", "one");
    }

    @Test
    void figuresAgreeWithWhatIsCountedFromTheStore() throws IOException, InterruptedException {
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            try (FrontEnd frontEnd = FrontEnd.started(rig.attach("one"), FrontEndOptions.DEFAULT)) {
                final LoadGenerator load = new LoadGenerator(frontEnd, BLOCKS, 4096, 16, 5);
                load.writePercent(100).run(WRITES);
            }
            await().until(this::isAllInTheStore);
            final Map<?, ?> status = rig.status("one");
            final Map<?, ?> usage = (Map<?, ?>) JSON.std
                    .listFrom(rig.ok("volume", "du", "one", "--store", rig.url("one"), "--json"))
                    .getFirst();
            assertThat(number(status, "live_bytes")).isPositive().isEqualTo(number(usage, "live_bytes"));
            assertThat(number(usage, "mapped_bytes")).isEqualTo(number(usage, "live_bytes"));
            assertThat(number(usage, "garbage_bytes")).isPositive();
            assertThat(number(status, "stored_bytes")).isBetween(1L, number(usage, "stored_bytes"));
            assertThat(usage.get("cached_bytes")).isInstanceOf(Number.class);

            final String info = rig.ok("volume", "info", "one", "--store", rig.url("one"));
            assertThat(info).contains(" live and ").contains("bytes put for each written");
            assertThat(rig.ok("volume", "du", "--store", rig.url("one")))
                    .startsWith("VOLUME  SIZE  MAPPED ")
                    .contains("\none ");
        }
    }

    private boolean isAllInTheStore() throws IOException {
        final Map<?, ?> status = rig.status("one");
        return number(status, "written_bytes") == WRITES * 4096L && number(status, "unsent_bytes") == 0;
    }

    private Map<String, Object> gc(final String command) throws IOException {
        return JSON.std.mapFrom(rig.ok("gc", command, "one", "--json"));
    }

    private static long number(final Map<?, ?> fields, final String name) {
        return ((Number) fields.get(name)).longValue();
    }
}
