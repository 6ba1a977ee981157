package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.Framing;
import io.varve.testsupport.FrontEndOptions;
import io.varve.testsupport.LoadGenerator;
import io.varve.testsupport.SplitDriverQueue;
import io.varve.testvms.qtest.VirtioBlkPci;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A disk behind real QEMUs, without a guest: what QEMU's own tests of vhost-user-blk do ({@code tests/qtest/vhost-user-blk-test.c}:
 * basic, indirect, idx, nxvirtq, hotplug, multiqueue), and what else is about the device and not about a guest.
 */
@Timeout(120)
@ExtendWith(Lab.Extension.class)
class QtestTest {
    private static final int SLOT = QtestMachine.SLOT;
    private static final int DISK_MIB = 256;
    private static final int MAX_QUEUES = 256;
    private static final long MIB = 1 << 20;
    private static final int NEXT = 1;
    private static final int WRITE = 2;

    private VarveHost host;
    private Path socket;

    @BeforeEach
    void serve(final Lab lab) throws Exception {
        host = lab.newHost();
        host.start();
        socket = host.attach("disk", DISK_MIB + "M");
    }

    static List<Emulator> emulators() {
        return Emulator.all();
    }

    static Stream<Arguments> rings() {
        return Emulator.all().stream()
                .flatMap(emulator -> Stream.of(Arguments.of(emulator, false), Arguments.of(emulator, true)));
    }

    /** One kind of ring with each emulator, for what takes longer. */
    static Stream<Arguments> oneRingEach() {
        final List<Emulator> all = Emulator.all();
        return Stream.of(Arguments.of(all.getFirst(), false), Arguments.of(all.getLast(), true));
    }

    private static String properties(final int queues, final boolean packed) {
        return ",num-queues=" + queues + (packed ? ",packed=on" : "");
    }

    private static byte[] random(final int length) {
        final byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static void assertServes(final VirtioBlkPci disk, final int queue, final Framing framing) throws Exception {
        final byte[] data = random(8192);
        final long offset = MIB + queue * 8192L;
        assertThat(disk.run(queue, BlkRequest.write(offset, data), framing).status())
                .isEqualTo(BlkRequest.OK);
        final BlkRequest read = disk.run(queue, BlkRequest.read(offset, data.length), framing);
        assertThat(read.status()).isEqualTo(BlkRequest.OK);
        assertThat(read.in()).isEqualTo(data);
    }

    /** QEMU's "basic" and "indirect". */
    @ParameterizedTest(name = "{0}, packed {1}")
    @MethodSource("rings")
    void doesEveryKindOfRequest(final Emulator emulator, final boolean packed, final Lab lab) throws Exception {
        emulator.require();
        try (QtestMachine machine = QtestMachine.started(lab, emulator, socket, properties(1, packed))) {
            for (final boolean indirect : new boolean[] {false, true}) {
                final VirtioBlkPci disk = machine.disk(
                        SLOT, FrontEndOptions.DEFAULT.withPacked(packed).withIndirect(indirect));
                disk.start();
                assertThat(disk.capacity()).isEqualTo(DISK_MIB * MIB);
                for (final Framing framing : List.of(Framing.USUAL, Framing.WHOLE, Framing.random(new Random(1), 5))) {
                    assertServes(disk, 0, framing);
                }
                assertThat(disk.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
                assertThat(disk.run(BlkRequest.discard(MIB, 4096)).status()).isEqualTo(BlkRequest.OK);
                assertThat(disk.run(BlkRequest.writeZeroes(MIB + 4096, 4096, true))
                                .status())
                        .isEqualTo(BlkRequest.OK);
                for (final int type : new int[] {BlkRequest.DISCARD, BlkRequest.WRITE_ZEROES}) {
                    assertThat(disk.run(BlkRequest.of(type, 0, new byte[2 * 16], 0))
                                    .status())
                            .isEqualTo(BlkRequest.UNSUPP);
                    assertThat(disk.run(BlkRequest.of(type, 0, BlkRequest.segment(0, -1, 0), 0))
                                    .status())
                            .isEqualTo(BlkRequest.IOERR);
                    assertThat(disk.run(BlkRequest.of(type, 0, BlkRequest.segment(DISK_MIB * MIB / 512 + 1, 1, 0), 0))
                                    .status())
                            .isEqualTo(BlkRequest.IOERR);
                    assertThat(disk.run(BlkRequest.of(type, 0, BlkRequest.segment(0, 1, ~1), 0))
                                    .status())
                            .isEqualTo(BlkRequest.UNSUPP);
                }
                assertThat(disk.run(BlkRequest.read(MIB, 8192)).in()).containsOnly(0);
                assertThat(disk.run(BlkRequest.getId()).inAsString()).isNotEmpty();
                assertThat(disk.run(BlkRequest.read(DISK_MIB * MIB, 512)).status())
                        .isEqualTo(BlkRequest.IOERR);
            }
        }
    }

    /** QEMU's "idx". */
    @ParameterizedTest(name = "{0}, packed {1}")
    @MethodSource("oneRingEach")
    void callsWhenAskedToAndTellsOfANewSize(final Emulator emulator, final boolean packed, final Lab lab)
            throws Exception {
        emulator.require();
        try (QtestMachine machine = QtestMachine.started(lab, emulator, socket, properties(1, packed))) {
            final VirtioBlkPci disk = machine.disk(SLOT, FrontEndOptions.DEFAULT.withPacked(packed));
            disk.start();
            assertServes(disk, 0, Framing.USUAL);
            disk.takeEvents();

            disk.queue(0).refuseCalls();
            for (int i = 0; i < 50; i++) {
                disk.queue(0).submit(BlkRequest.read(0, 512), Framing.USUAL);
                disk.queue(0).publish();
                while (disk.queue(0).poll() == null) {
                    Thread.onSpinWait();
                }
            }
            assertThat(disk.takeEvents()).as("calls that nobody wanted").isZero();
            assertServes(disk, 0, Framing.USUAL);

            host.resize("disk", "512M");
            final long deadlineNs = System.nanoTime() + 10_000_000_000L;
            while ((disk.takeEvents() & VirtioBlkPci.CONFIG_EVENT) == 0 && System.nanoTime() < deadlineNs) {
                Thread.onSpinWait();
            }
            assertThat(disk.capacity()).isEqualTo(512 * MIB);
            assertThat(disk.run(BlkRequest.write(512 * MIB - 512, random(512))).status())
                    .isEqualTo(BlkRequest.OK);
        }
    }

    /** QEMU's "nxvirtq". */
    @ParameterizedTest(name = "{0}")
    @MethodSource("emulators")
    void isNotHurtByKicksOfQueuesThatThereAreNot(final Emulator emulator, final Lab lab) throws Exception {
        emulator.require();
        try (QtestMachine machine = QtestMachine.started(lab, emulator, socket, properties(2, false))) {
            final VirtioBlkPci disk = machine.disk(SLOT, FrontEndOptions.DEFAULT.withQueues(1, 128));
            disk.start();
            assertThat(disk.queueSize(2)).isZero();
            // The second one is there, and not set up.
            for (final int queue : new int[] {1, 2, 3, 100}) {
                disk.kickAnyway(queue);
            }
            assertServes(disk, 0, Framing.USUAL);
        }
    }

    /** QEMU's "hotplug". */
    @ParameterizedTest(name = "{0}")
    @MethodSource("emulators")
    void comesAndGoes(final Emulator emulator, final Lab lab) throws Exception {
        emulator.require();
        final int other = SLOT + 1;
        try (QtestMachine machine = QtestMachine.started(lab, emulator, socket, "")) {
            final VirtioBlkPci first = machine.disk(SLOT, FrontEndOptions.DEFAULT);
            first.start();
            final Path second = host.attach("second", "64M");
            for (int i = 0; i < 3; i++) {
                final VirtioBlkPci plugged = machine.plug(other, second, FrontEndOptions.DEFAULT);
                assertThat(plugged.capacity()).isEqualTo(64 * MIB);
                plugged.start();
                assertServes(plugged, 0, Framing.USUAL);
                new LoadGenerator(plugged, 1000, 4096, 64, i).fill();
                machine.unplug(other);
                assertServes(first, 0, Framing.USUAL);
            }
        }
    }

    /** QEMU's "multiqueue", with more of them. */
    @ParameterizedTest(name = "{0}, packed {1}")
    @MethodSource("oneRingEach")
    void hasAsManyQueuesAsTheProtocolAllows(final Emulator emulator, final boolean packed, final Lab lab)
            throws Exception {
        emulator.require();
        try (QtestMachine machine = QtestMachine.started(lab, emulator, socket, properties(MAX_QUEUES, packed))) {
            final VirtioBlkPci disk = machine.disk(
                    SLOT, FrontEndOptions.DEFAULT.withPacked(packed).withQueues(MAX_QUEUES, 16));
            disk.start();
            assertThat(disk.features() & VirtioBlkPci.F_MQ).isNotZero();
            assertThat(disk.config(34, 2)).as("num_queues").isEqualTo(MAX_QUEUES);
            for (int queue = 0; queue < MAX_QUEUES; queue++) {
                assertServes(disk, queue, Framing.USUAL);
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("emulators")
    void saysWhatToDoAboutTooManyQueues(final Emulator emulator, final Lab lab) throws Exception {
        emulator.require();
        try (QtestMachine machine = new QtestMachine(
                lab,
                emulator,
                "-chardev",
                "socket,id=disk,path=" + socket,
                "-device",
                "vhost-user-blk-pci,chardev=disk,num-queues=" + (MAX_QUEUES + 1))) {
            assertThat(machine.awaitRefusal()).contains("maximum number of queues supported by the backend is 256");
            host.awaitLine("the front-end has gone after it was told of 256 queues.*num-queues");
        }
    }

    @ParameterizedTest(name = "{0}, packed {1}")
    @MethodSource("oneRingEach")
    void carriesLoadOverResetsAndDeaths(final Emulator emulator, final boolean packed, final Lab lab) throws Exception {
        emulator.require();
        final FrontEndOptions options =
                FrontEndOptions.DEFAULT.withPacked(packed).withQueues(4, 128);
        final LoadGenerator load;
        try (QtestMachine machine = QtestMachine.started(lab, emulator, socket, properties(4, packed))) {
            final VirtioBlkPci disk = machine.disk(SLOT, options);
            disk.start();
            load = new LoadGenerator(disk, 2000, 4096, 200, 1).flushEvery(50);
            load.run(3_000);
            disk.start();
            load.run(1_000);
            machine.reset();
            disk.start();
            load.verifyAll(disk);
            load.fill();
            machine.kill();
        }
        try (QtestMachine machine = QtestMachine.started(lab, emulator, socket, properties(4, packed))) {
            final VirtioBlkPci disk = machine.disk(SLOT, options);
            disk.start();
            load.verifyAll(disk);
        }
    }

    @ParameterizedTest(name = "{0}, packed {1}")
    @MethodSource("oneRingEach")
    void usesMemoryThatComesAndGoes(final Emulator emulator, final boolean packed, final Lab lab) throws Exception {
        emulator.require();
        final FrontEndOptions options =
                FrontEndOptions.DEFAULT.withPacked(packed).withQueues(4, 128);
        try (QtestMachine machine = QtestMachine.started(lab, emulator, socket, properties(4, packed))) {
            final VirtioBlkPci disk = machine.disk(SLOT, options);
            disk.start();
            final LoadGenerator load = new LoadGenerator(disk, 2000, 4096, 200, 6).flushEvery(50);
            load.fill();
            final VirtioBlkPci inNewMemory = machine.plugMemory(options);
            load.drain();
            load.run(500);

            inNewMemory.start();
            load.verifyAll(inNewMemory);

            disk.start();
            load.fill();
            machine.unplugMemory();
            load.drain();
            load.verifyAll(disk);
        }
    }

    /** A guest that has such memory beside other: its requests fail where they would else be lost. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("emulators")
    void failsRequestsInMemoryThatIsNotShared(final Emulator emulator, final Lab lab) throws Exception {
        emulator.require();
        try (QtestMachine machine = QtestMachine.started(lab, emulator, socket, "")) {
            final VirtioBlkPci disk = machine.disk(SLOT, FrontEndOptions.DEFAULT.withIndirect(false));
            final long notShared = machine.plugPrivateMemory();
            final long header = MIB;
            final long status = MIB + 16;
            for (final int type : new int[] {BlkRequest.OUT, BlkRequest.IN, BlkRequest.GET_ID}) {
                disk.start();
                final SplitDriverQueue queue = (SplitDriverQueue) disk.queue(0);
                machine.ram().putLong(header, type);
                machine.ram().putLong(header + 8, 0);
                machine.ram().putLong(status, BlkRequest.OK);
                queue.putDescriptor(0, header, 16, NEXT, 1);
                queue.putDescriptor(1, notShared, 512, type == BlkRequest.OUT ? NEXT : NEXT | WRITE, 2);
                queue.putDescriptor(2, status, 1, WRITE, 0);
                queue.putAvailable(0);
                queue.publish();
                while (queue.usedIndex() == 0) {
                    Thread.onSpinWait();
                }
                assertThat(machine.ram().getShort(status)).isEqualTo(BlkRequest.IOERR);
            }
            host.awaitLine("requests of the guest fail.*share=on.*guest address 0x100000000");
        }
        assertThat(host.lines("share=on"))
                .filteredOn(line -> line.contains("WARN"))
                .hasSize(1);
    }

    /** QEMU connects again each second, and fails each time. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("emulators")
    void saysOnceThatNoMemoryIsShared(final Emulator emulator, final Lab lab) throws Exception {
        emulator.require();
        try (QtestMachine machine = QtestMachine.started(lab, emulator, socket, "")) {
            final long notShared = machine.plugPrivateMemory();
            final VirtioBlkPci disk = machine.disk(SLOT, FrontEndOptions.DEFAULT);
            disk.startElsewhere(notShared);
            for (int i = 0; i < 3; i++) {
                machine.awaitLine("Error starting vhost");
            }
            host.awaitLine("front-end dropped: ring 0 can't be served.*share=on");
        }
        assertThat(host.lines("share=on"))
                .filteredOn(line -> line.contains("WARN"))
                .hasSize(1);
    }

    /** QEMU hands over its file as if it were shared, and the daemon sees nothing of what the guest does. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("emulators")
    void noticesRingsThatStayEmpty(final Emulator emulator, final Lab lab) throws Exception {
        emulator.require();
        try (QtestMachine machine = QtestMachine.startedWithoutSharing(lab, emulator, socket)) {
            final VirtioBlkPci disk = machine.disk(SLOT, FrontEndOptions.DEFAULT);
            disk.start();
            // What is in the ring, only QEMU knows.
            disk.kickAnyway(0);
            host.awaitLine("front-end dropped: ring 0 is used and stays empty here.*share=on");
        }
    }

    /** The dirty log comes while rings run, and all stops; then the guest goes on here after all. */
    @ParameterizedTest(name = "{0}, packed {1}")
    @MethodSource("oneRingEach")
    void goesOnAfterItWasMigratedAway(final Emulator emulator, final boolean packed, final Lab lab) throws Exception {
        emulator.require();
        try (QtestMachine machine = QtestMachine.started(lab, emulator, socket, properties(4, packed))) {
            final VirtioBlkPci disk = machine.disk(
                    SLOT, FrontEndOptions.DEFAULT.withPacked(packed).withQueues(4, 128));
            disk.start();
            final LoadGenerator load = new LoadGenerator(disk, 2000, 4096, 200, 5).flushEvery(50);
            for (int i = 0; i < 2; i++) {
                load.run(500);
                machine.migrate();
                final long before = load.submitted();
                load.runUntil(machine::isMigrated);
                assertThat(load.submitted())
                        .as("requests while it was migrated")
                        .isGreaterThan(before + 200);
                machine.goOn();
                load.drain();
            }
            load.verifyAll(disk);
        }
    }

    @ParameterizedTest(name = "{0}, packed {1}")
    @MethodSource("oneRingEach")
    void losesNothingWhenTheDaemonIsKilled(final Emulator emulator, final boolean packed, final Lab lab)
            throws Exception {
        emulator.require();
        try (QtestMachine machine = QtestMachine.started(lab, emulator, socket, properties(4, packed))) {
            final VirtioBlkPci disk = machine.disk(
                    SLOT, FrontEndOptions.DEFAULT.withPacked(packed).withQueues(4, 128));
            disk.start();
            final LoadGenerator load = new LoadGenerator(disk, 2000, 4096, 200, 4).flushEvery(50);
            load.run(3_000);
            for (int kill = 0; kill < 2; kill++) {
                load.fill();
                host.kill();
                host.start();
                load.drain();
                load.run(1_000);
            }
            load.verifyAll(disk);
        }
    }
}
