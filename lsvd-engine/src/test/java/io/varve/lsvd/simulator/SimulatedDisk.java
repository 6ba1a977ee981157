package io.varve.lsvd.simulator;

import io.varve.linux.ErrnoException;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.log.LogDevice;
import io.varve.lsvd.log.LogGeometry;
import io.varve.lsvd.log.LogInUseException;
import io.varve.lsvd.log.LogStore;
import io.varve.lsvd.log.LogSuperblock;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;

/**
 * A host's disk with the log of one volume, which one process has open at a time. Positions and sequences in a new log begin at 0, or
 * just before a number where some width of them would end. Operations are carried out late and in any order; what was not synced is kept
 * or lost sector by sector when power fails, and what was in flight lands whole, torn or not at all. Some disks fail for a
 * while or for good: a failed write may land in part, a failed sync may lose what was to be synced, at once or at the next loss of
 * power, and the syncs that follow know nothing of it. Some can't read a place now and then, or read it wrong, and the next time they can.
 */
final class SimulatedDisk implements LogStore {
    private static final int SECTOR = 512;
    private static final int EIO = 5;

    /** Powers of two where numbers of bytes, blocks or records of some width end. */
    private static final int[] LIMITS = {31, 32, 43, 44, 51, 52, 61, 62};

    /** What is wrong with reading. */
    private enum Reading {
        GOOD,
        FAILS,
        ROTS
    }

    private final Random random;
    private final CrashPoints crashes;
    private final PlantedBug bug;
    private byte[] current;
    private byte[] durable;
    private BitSet dirty;
    private BitSet doomed;
    private Device openDevice;
    private boolean hasLost;
    private Reading reading = Reading.GOOD;
    private boolean hasMisread;
    private boolean hasRotted;
    private Runnable onReach = () -> {};
    private final int positionLimit;
    private final int sequenceLimit;

    SimulatedDisk(final Random random, final CrashPoints crashes, final PlantedBug bug) {
        this.random = random;
        this.crashes = crashes;
        this.bug = bug;
        positionLimit = random.nextBoolean() ? 0 : LIMITS[random.nextInt(LIMITS.length)];
        sequenceLimit = random.nextBoolean() ? 0 : LIMITS[random.nextInt(LIMITS.length)];
    }

    /** Sets what is called whenever the log is read by somebody who waits. */
    void onReach(final Runnable value) {
        onReach = value;
    }

    /** From now on, whoever opens the log may meet places that can't be read, or are read wrong. */
    void mayMisread(final boolean value) {
        final int kind = value ? random.nextInt(10) : 9;
        reading = kind < 2 ? Reading.FAILS : kind == 2 ? Reading.ROTS : Reading.GOOD;
        hasMisread = false;
        hasRotted = false;
    }

    /** Whether something could not be read, or was read wrong, since the log may be misread. */
    boolean hasMisread() {
        return hasMisread;
    }

    /** Whether whoever waited for a read was given something wrong: a record may have been taken for the torn end. */
    boolean hasRotted() {
        return hasRotted;
    }

    /** Carries out one operation that is in flight; false when there is none. */
    boolean step() {
        return openDevice != null && openDevice.step();
    }

    /** Whether an operation of the open log has failed. */
    boolean hasFailed() {
        return openDevice != null && openDevice.operations >= openDevice.failFrom;
    }

    /** Whether a failed sync of the newest open log has lost what had been written: then no more than what was flushed is sure. */
    boolean hasLost() {
        return hasLost;
    }

    /** The process ends: nothing is answered any more. */
    void kill() {
        if (openDevice != null) {
            openDevice.abandon();
            openDevice = null;
        }
    }

    /** The host loses power. */
    void losePower() {
        kill();
        if (current == null) {
            return;
        }
        for (int sector = doomed.nextSetBit(0); sector >= 0; sector = doomed.nextSetBit(sector + 1)) {
            revert(sector);
        }
        doomed.clear();
        for (int sector = dirty.nextSetBit(0); sector >= 0; sector = dirty.nextSetBit(sector + 1)) {
            final byte[] from = random.nextInt(3) == 0 ? current : durable;
            final byte[] to = from == current ? durable : current;
            System.arraycopy(from, sector * SECTOR, to, sector * SECTOR, SECTOR);
        }
        dirty.clear();
    }

    /** The disk is lost. */
    void lose() {
        kill();
        current = null;
    }

    /** What is on the disk now, to be put back later. */
    byte[] copy() {
        return current == null ? null : current.clone();
    }

    /** Puts an old copy back, as the restoration of a host does. */
    void restore(final byte[] copy) {
        kill();
        current = copy.clone();
        durable = copy.clone();
        dirty = new BitSet();
        doomed = new BitSet();
    }

    @Override
    public boolean exists() {
        return current != null;
    }

    @Override
    public LogDevice open() throws IOException {
        if (openDevice != null && bug != PlantedBug.UNLOCKED_LOG) {
            throw new LogInUseException("simulated");
        }
        openDevice = new Device();
        hasLost = false;
        return openDevice;
    }

    @Override
    public LogDevice create(final LogGeometry geometry, final Superblock first) throws IOException {
        crashes.maybe();
        if (current != null && bug != PlantedBug.UNLOCKED_LOG) {
            throw new LogInUseException("simulated");
        }
        if (openDevice != null) {
            throw new SimulationFailure("a log has lost its name to another while a process has it open");
        }
        current = new byte[(int) geometry.fileLength()];
        durable = new byte[current.length];
        dirty = new BitSet();
        doomed = new BitSet();
        openDevice = new Device();
        hasLost = false;
        try {
            LogSuperblock.create(openDevice, first).write(first.with(beginning(geometry, first.tail()), first.seen()));
        } catch (final SimulatedCrash e) {
            // It did not have its name yet.
            current = null;
            openDevice = null;
            throw e;
        }
        return openDevice;
    }

    /** A lap or two before a limit. */
    private Superblock.Tail beginning(final LogGeometry geometry, final Superblock.Tail tail) {
        final long position =
                positionLimit == 0 ? 0 : (1L << positionLimit) - random.nextInt(3) * geometry.areaLength();
        final long sequence = sequenceLimit == 0 ? 0 : (1L << sequenceLimit) - random.nextInt(200);
        return new Superblock.Tail(position, Math.max(tail.sequence(), sequence), tail.previousCrc());
    }

    /** The same disk, for another process on the host. */
    AnotherProcess anotherProcess() {
        return new AnotherProcess();
    }

    /** What another process on the host sees of the disk; whatever it has open ends with it. */
    final class AnotherProcess implements LogStore {
        private Device mine;

        void kill() {
            if (mine != null && openDevice == mine) {
                SimulatedDisk.this.kill();
            }
            mine = null;
        }

        @Override
        public boolean exists() {
            return SimulatedDisk.this.exists();
        }

        @Override
        public LogDevice open() throws IOException {
            mine = (Device) SimulatedDisk.this.open();
            return mine;
        }

        @Override
        public LogDevice create(final LogGeometry geometry, final Superblock first) throws IOException {
            mine = (Device) SimulatedDisk.this.create(geometry, first);
            return mine;
        }

        @Override
        public String setAside(final long epoch) {
            return SimulatedDisk.this.setAside(epoch);
        }

        @Override
        public void delete() {
            SimulatedDisk.this.delete();
        }

        @Override
        public String name() {
            return SimulatedDisk.this.name();
        }
    }

    @Override
    public String setAside(final long epoch) {
        current = null;
        return "aside";
    }

    @Override
    public void delete() {
        current = null;
    }

    @Override
    public String name() {
        return "simulated log";
    }

    private void apply(final int offset, final byte[] data, final int length) {
        System.arraycopy(data, 0, current, offset, length);
        dirty.set(offset / SECTOR, (offset + length) / SECTOR);
        doomed.clear(offset / SECTOR, (offset + length) / SECTOR);
    }

    /** What of something that is written comes to be on the disk. */
    private byte[] kept(final long offset, final MemorySegment written) {
        if (bug == PlantedBug.FORGETFUL_HOST && offset < Superblock.AREA_OFFSET) {
            try {
                final Superblock superblock = Superblock.decode("superblock", written);
                final MemorySegment without = MemorySegment.ofArray(new byte[Superblock.LENGTH]);
                superblock.with(superblock.tail(), Superblock.Seen.NOTHING).encode(without);
                return without.toArray(ValueLayout.JAVA_BYTE);
            } catch (final FormatException e) {
                throw new SimulationFailure("no superblock is written: " + e.getMessage());
            }
        }
        return written.toArray(ValueLayout.JAVA_BYTE);
    }

    private void revert(final int sector) {
        System.arraycopy(durable, sector * SECTOR, current, sector * SECTOR, SECTOR);
    }

    /** An operation in flight. */
    private record Operation(Kind kind, long offset, long address, int length, int listener, long token) {}

    private enum Kind {
        READ,
        WRITE,
        SYNC
    }

    /** The log, open. */
    private final class Device implements LogDevice {
        private final List<Listener> listeners = new ArrayList<>();
        private final List<Operation> inFlight = new ArrayList<>();
        private final int failFrom = random.nextInt(12) == 0 ? random.nextInt(400) : Integer.MAX_VALUE;
        private final int failures =
                random.nextInt(4) == 0 ? Integer.MAX_VALUE : 1 + random.nextInt(random.nextInt(3) == 0 ? 20 : 2);
        private final Reading itsReading = reading;
        private int failed;
        private int operations;

        boolean step() {
            if (inFlight.isEmpty()) {
                return false;
            }
            final Operation operation = inFlight.remove(random.nextInt(inFlight.size()));
            operations++;
            int result = operation.length;
            if (operations >= failFrom && failed < failures && operation.kind != Kind.READ) {
                failed++;
                result = -EIO;
                if (operation.kind == Kind.SYNC) {
                    failSync();
                } else if (random.nextBoolean()) {
                    land(operation, true);
                }
            } else if (operation.kind == Kind.READ && isMisreading()) {
                hasMisread = true;
                carryOut(operation);
                if (itsReading == Reading.FAILS) {
                    result = -EIO;
                } else {
                    rot(view(operation));
                }
            } else {
                carryOut(operation);
            }
            listeners.get(operation.listener).onCompletion(operation.token, result);
            return true;
        }

        void abandon() {
            for (final Operation operation : inFlight) {
                if (operation.kind == Kind.WRITE && bug != PlantedBug.EARLY_ACKNOWLEDGEMENT) {
                    switch (random.nextInt(3)) {
                        case 0 -> land(operation, false);
                        case 1 -> land(operation, true);
                        default -> {}
                    }
                }
            }
            inFlight.clear();
        }

        private void carryOut(final Operation operation) {
            switch (operation.kind) {
                case READ ->
                    view(operation)
                            .copyFrom(MemorySegment.ofArray(current).asSlice(operation.offset, operation.length));
                case WRITE -> land(operation, false);
                default -> syncNow();
            }
        }

        private void land(final Operation operation, final boolean isTorn) {
            final byte[] data = kept(operation.offset, view(operation));
            if (isTorn) {
                for (int at = 0; at < data.length; at += SECTOR) {
                    if (random.nextBoolean()) {
                        System.arraycopy(current, (int) operation.offset + at, data, at, SECTOR);
                    }
                }
            }
            apply((int) operation.offset, data, data.length);
        }

        private void failSync() {
            for (int sector = dirty.nextSetBit(0); sector >= 0; sector = dirty.nextSetBit(sector + 1)) {
                switch (random.nextInt(3)) {
                    case 0 -> {
                        dirty.clear(sector);
                        revert(sector);
                        hasLost = true;
                    }
                    case 1 -> {
                        dirty.clear(sector);
                        doomed.set(sector);
                    }
                    default -> {}
                }
            }
        }

        private void syncNow() {
            if (bug == PlantedBug.SKIPPED_SYNC) {
                return;
            }
            for (int sector = dirty.nextSetBit(0); sector >= 0; sector = dirty.nextSetBit(sector + 1)) {
                System.arraycopy(current, sector * SECTOR, durable, sector * SECTOR, SECTOR);
            }
            dirty.clear();
        }

        @Override
        public int register(final Listener listener) {
            listeners.add(listener);
            return listeners.size() - 1;
        }

        @Override
        public void write(
                final long offset, final long address, final int length, final int listener, final long token) {
            inFlight.add(new Operation(Kind.WRITE, offset, address, length, listener, token));
            if (bug == PlantedBug.EARLY_ACKNOWLEDGEMENT && random.nextInt(4) == 0) {
                final Operation early = inFlight.removeLast();
                listeners.get(early.listener).onCompletion(early.token, early.length);
                if (random.nextBoolean()) {
                    land(early, false);
                }
            }
        }

        @Override
        public void read(
                final long offset, final long address, final int length, final int listener, final long token) {
            inFlight.add(new Operation(Kind.READ, offset, address, length, listener, token));
        }

        @Override
        public void sync(final int listener, final long token) {
            inFlight.add(new Operation(Kind.SYNC, 0, 0, 0, listener, token));
        }

        @Override
        public void readFully(final long offset, final MemorySegment target) throws IOException {
            onReach.run();
            target.copyFrom(MemorySegment.ofArray(current).asSlice(offset, target.byteSize()));
            if (isMisreading()) {
                hasMisread = true;
                if (itsReading == Reading.FAILS) {
                    throw new ErrnoException("simulated read", EIO);
                }
                hasRotted = true;
                rot(target);
            }
            if (bug == PlantedBug.NARROW_POSITION && offset < Superblock.AREA_OFFSET) {
                narrow(target);
            }
        }

        private boolean isMisreading() {
            return itsReading != Reading.GOOD && random.nextInt(5) == 0;
        }

        private void rot(final MemorySegment bytes) {
            final long at = random.nextLong(bytes.byteSize());
            final byte was = bytes.get(ValueLayout.JAVA_BYTE, at);
            bytes.set(ValueLayout.JAVA_BYTE, at, (byte) (was ^ 1 << random.nextInt(8)));
        }

        private static void narrow(final MemorySegment block) {
            try {
                final Superblock superblock = Superblock.decode("simulated superblock", block);
                final Superblock.Tail tail = superblock.tail();
                superblock
                        .with(
                                new Superblock.Tail(
                                        tail.position() & 0xffff_ffffL, tail.sequence(), tail.previousCrc()),
                                superblock.seen())
                        .encode(block);
            } catch (final FormatException e) {
                // Nothing there yet.
                return;
            }
        }

        @Override
        public void writeFully(final long offset, final MemorySegment source) {
            crashes.maybe();
            final byte[] data = kept(offset, source);
            apply((int) offset, data, data.length);
        }

        @Override
        public void syncFully() {
            crashes.maybe();
            syncNow();
            crashes.maybe();
        }

        @Override
        public long length() {
            return current.length;
        }

        @Override
        public String name() {
            return "simulated log";
        }

        @Override
        public void close() {
            if (openDevice == this) {
                openDevice = null;
            }
        }

        private static MemorySegment view(final Operation operation) {
            return MemorySegment.ofAddress(operation.address).reinterpret(operation.length);
        }
    }
}
