package io.varve.testsupport.fuzz;

import io.varve.linux.Memory;
import io.varve.testsupport.MemoryBlockDevice;
import io.varve.virtqueue.DirtyLog;
import io.varve.virtqueue.GuestMemory;
import io.varve.virtqueue.PackedInflight;
import io.varve.virtqueue.PackedVirtqueue;
import io.varve.virtqueue.RingLayout;
import io.varve.virtqueue.SplitInflight;
import io.varve.virtqueue.SplitVirtqueue;
import io.varve.virtqueue.VirtioBlk;
import io.varve.virtqueue.VirtioBlkQueue;
import io.varve.virtqueue.Virtqueue;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A ring in guest memory over a device in memory. An input is how the ring is set up, then steps of a driver that writes what it likes
 * where it likes, and of the device. Nothing beside the guest's memory may be written, every request must complete, and the
 * device must be asked for nothing beyond its end.
 */
final class RingTarget implements FuzzTarget {
    private static final int WRITE = 0;
    private static final int DESCRIPTOR = 1;
    private static final int HEADER = 2;
    private static final int OFFER = 3;
    private static final int POLL = 4;
    private static final int DEVICE = 5;
    private static final int ARM = 6;
    private static final int KINDS = 7;

    private static final int SIZE = 16;
    private static final int PACKED_SIZE = 13;
    private static final int FIRST = 16 << 10;
    private static final int SECOND = 32 << 10;
    private static final int GUARD = 4 << 10;
    private static final int ALL = 5 * GUARD + FIRST + SECOND;
    private static final byte UNTOUCHED = 0x5a;

    /** The second region follows the first as the guest sees it, and not as this process does. */
    private static final int SECOND_OFFSET = 2 * GUARD + FIRST;

    private static final int LOG_OFFSET = SECOND_OFFSET + SECOND + GUARD;
    private static final int DRIVER = 0x200;
    private static final int DEVICE_AREA = 0x300;
    private static final int NOTES = 0x1000;
    private static final int DATA = 0x2000;
    private static final int MOST_STEPS = 256;

    private final boolean isPacked;
    private final long memory = Arena.global().allocate(ALL, GUARD).address();
    private final MemoryBlockDevice device = new MemoryBlockDevice(64 << 10);
    private final GuestMemory guest = new GuestMemory(List.of(
            new GuestMemory.Region(0, FIRST, memory + GUARD),
            new GuestMemory.Region(FIRST, SECOND, memory + SECOND_OFFSET)));

    RingTarget(final boolean isPacked) {
        this.isPacked = isPacked;
    }

    @Override
    public String name() {
        return isPacked ? "packed-ring" : "split-ring";
    }

    MemoryBlockDevice device() {
        return device;
    }

    @Override
    public List<byte[]> seeds() {
        final List<byte[]> seeds = new ArrayList<>();
        for (final int type : List.of(
                VirtioBlk.T_IN,
                VirtioBlk.T_OUT,
                VirtioBlk.T_FLUSH,
                VirtioBlk.T_GET_ID,
                VirtioBlk.T_DISCARD,
                VirtioBlk.T_WRITE_ZEROES)) {
            for (final int setup : List.of(0, 0x1f)) {
                seeds.add(request(type, setup));
            }
        }
        return seeds;
    }

    private byte[] request(final int type, final int setup) {
        final Steps steps = new Steps(setup);
        final boolean isOut = type != VirtioBlk.T_IN && type != VirtioBlk.T_GET_ID;
        final boolean isRange = type == VirtioBlk.T_DISCARD || type == VirtioBlk.T_WRITE_ZEROES;
        final int length = type == VirtioBlk.T_FLUSH ? 0 : isRange ? 16 : type == VirtioBlk.T_GET_ID ? 20 : 0x1400;
        steps.step(HEADER).u16(DATA).u8(type).u8(1);
        if (isRange) {
            steps.step(WRITE)
                    .u16(DATA + 16)
                    .u8(16)
                    .u16(2)
                    .u16(0)
                    .u16(0)
                    .u16(0)
                    .u16(4)
                    .u16(0)
                    .u16(0)
                    .u16(0);
        }
        final int at = isRange ? DATA + 16 : FIRST - 0x800;
        final boolean isIndirect = (setup & 1) != 0;
        final int table = isIndirect ? 0x80 : 0;
        steps.descriptor(table, DATA, 16, 1, 1);
        int last = 1;
        if (length > 0) {
            steps.descriptor(table + 1, at, length, isOut ? 1 : 3, 2);
            last = 2;
        }
        steps.descriptor(table + last, DATA + 0x100, 1, 2, 0);
        if (isIndirect) {
            steps.descriptor(0, 0x80 * 16, (last + 1) * 16, 4, 0);
        }
        steps.step(OFFER).u8(isPacked && !isIndirect ? last : 0);
        return steps.step(POLL).step(ARM).step(DEVICE).u8(3).step(POLL).bytes();
    }

    /** Makes up an input. */
    private static final class Steps {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Steps(final int setup) {
            u8(setup);
            u8(0);
        }

        Steps step(final int kind) {
            return u8(kind);
        }

        Steps descriptor(final int index, final int address, final int length, final int flags, final int next) {
            return step(DESCRIPTOR).u8(index).u16(address).u16(length).u8(flags).u8(next);
        }

        Steps u8(final int value) {
            bytes.write(value);
            return this;
        }

        Steps u16(final int value) {
            return u8(value & 0xff).u8(value >> 8);
        }

        byte[] bytes() {
            return bytes.toByteArray();
        }
    }

    @Override
    public void run(final byte[] input) {
        if (input.length < 2) {
            return;
        }
        Memory.fill(memory, ALL, UNTOUCHED);
        Memory.zero(memory + GUARD, FIRST);
        Memory.zero(memory + SECOND_OFFSET, SECOND);
        Memory.zero(memory + LOG_OFFSET, GUARD);
        final ByteBuffer steps = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN);
        final int setup = steps.get();
        final int base = steps.get();
        device.hold(false);
        device.delayed((setup & 4) == 0 ? null : new Random(base));
        final VirtioBlkQueue queue;
        try {
            // What stands in notes of an earlier life is the driver's to spoil as well.
            while (steps.hasRemaining() && (steps.get(steps.position()) & 0xff) == 0xff) {
                steps.get();
                write(steps, NOTES);
            }
            queue = new VirtioBlkQueue(ring(setup, base), device, (setup & 32) == 0 ? VirtioBlk.F_VERSION_1 : 0);
        } catch (final IllegalArgumentException e) {
            // As for a session: such notes, or such a base, are refused.
            return;
        }
        queue.log((setup & 8) == 0 ? null : new DirtyLog(memory + LOG_OFFSET, GUARD, guest));
        for (int i = 0; steps.hasRemaining() && i < MOST_STEPS; i++) {
            step(steps, queue);
        }
        device.hold(false);
        while (device.hasWork()) {
            device.doWork();
        }
        queue.publish();
        if (queue.inFlight() != 0) {
            throw new AssertionError(queue.inFlight() + " requests never complete");
        }
        checkGuards();
    }

    private Virtqueue ring(final int setup, final int base) {
        final long start = memory + GUARD;
        final long features = ((setup & 1) == 0 ? 0 : VirtioBlk.F_RING_INDIRECT_DESC)
                | ((setup & 2) == 0 ? 0 : VirtioBlk.F_RING_EVENT_IDX);
        final RingLayout layout = new RingLayout(guest, start, start + DRIVER, start + DEVICE_AREA);
        final boolean hasNotes = (setup & 16) != 0;
        if (isPacked) {
            final int state = 0x8000 | Math.floorMod(base, PACKED_SIZE);
            return new PackedVirtqueue(
                    PACKED_SIZE,
                    state << Short.SIZE | state,
                    features,
                    layout,
                    hasNotes ? new PackedInflight(start + NOTES, PACKED_SIZE) : null);
        }
        return new SplitVirtqueue(
                SIZE, base, features, layout, hasNotes ? new SplitInflight(start + NOTES, SIZE) : null);
    }

    private void step(final ByteBuffer steps, final VirtioBlkQueue queue) {
        switch (Math.floorMod(steps.get(), KINDS)) {
            case WRITE -> write(steps, 0);
            case DESCRIPTOR -> {
                if (steps.remaining() >= 7) {
                    final long at = memory + GUARD + (steps.get() & 0xff) * 16L;
                    Memory.putLong(at, steps.getShort() & 0xffff);
                    Memory.putInt(at + 8, steps.getShort() & 0xffff);
                    final int flags = steps.get();
                    final int next = steps.get();
                    putLink(at, flags, next);
                }
            }
            case HEADER -> {
                if (steps.remaining() >= 4) {
                    final long at = memory + GUARD + (steps.getShort() & 0x3ff0);
                    Memory.putInt(at, steps.get());
                    if (at + 16 <= memory + GUARD + FIRST) {
                        Memory.putLong(at + 8, steps.get());
                    }
                }
            }
            case OFFER -> offer(steps.hasRemaining() ? steps.get() : 0);
            case POLL -> {
                queue.poll();
                queue.publish();
            }
            case DEVICE -> {
                final int what = steps.hasRemaining() ? steps.get() : 0;
                device.hold((what & 3) == 1);
                device.doWork();
                queue.publish();
            }
            default -> {
                if (!queue.armNotifications()) {
                    queue.disarmNotifications();
                }
            }
        }
    }

    private void write(final ByteBuffer steps, final int from) {
        if (steps.remaining() < 3) {
            steps.position(steps.limit());
            return;
        }
        final int at = from + (steps.getShort() & 0xffff);
        final int length = Math.min(steps.get() & 0xff, steps.remaining());
        for (int i = 0; i < length; i++) {
            final byte value = steps.get();
            if (at + i < FIRST) {
                Memory.putByte(memory + GUARD + at + i, value);
            } else if (at + i < FIRST + SECOND) {
                Memory.putByte(memory + SECOND_OFFSET + at + i - FIRST, value);
            }
        }
    }

    /** A packed descriptor has a buffer id where a split one has its flags, and flags where that has the next one's index. */
    private void putLink(final long at, final int flags, final int next) {
        if (isPacked) {
            Memory.putShort(at + 12, (short) next);
            Memory.putShort(at + 14, (short) flags);
        } else {
            Memory.putShort(at + 12, (short) flags);
            Memory.putShort(at + 14, (short) next);
        }
    }

    private void offer(final int which) {
        final long start = memory + GUARD;
        if (isPacked) {
            // From the last to the first, each available in the first lap.
            for (int i = which & SIZE - 1; i >= 0; i--) {
                Memory.putShort(start + i * 16L + 14, (short) (Memory.getShort(start + i * 16L + 14) | 0x80));
            }
            return;
        }
        final int index = Memory.getShort(start + DRIVER + 2) & 0xffff;
        Memory.putShort(start + DRIVER + 4 + 2L * (index & SIZE - 1), (short) which);
        Memory.putShort(start + DRIVER + 2, (short) (index + 1));
    }

    private void checkGuards() {
        for (final int guard : new int[] {0, GUARD + FIRST, SECOND_OFFSET + SECOND, LOG_OFFSET + GUARD}) {
            for (int i = 0; i < GUARD; i += Long.BYTES) {
                if (Memory.getLong(memory + guard + i) != 0x5a5a5a5a5a5a5a5aL) {
                    throw new AssertionError("memory beside the guest's was written, at " + (guard + i));
                }
            }
        }
    }
}
