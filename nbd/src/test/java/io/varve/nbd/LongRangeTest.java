package io.varve.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.block.BlockDevice;
import io.varve.linux.IoVec;
import io.varve.testsupport.MemoryBlockDevice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** TRIM and WRITE_ZEROES of more than a device takes at a time. */
class LongRangeTest {
    private static final long GIB = 1L << 30;

    @TempDir
    private Path directory;

    /** One change that was asked for. */
    private record Change(String what, long offset, long length, boolean isDurable) {}

    /** A large disk that remembers what it was asked to clear, and does it at once or when it is told to. The reactor's. */
    private static final class LargeDevice implements BlockDevice {
        private final List<Change> changes = new ArrayList<>();
        private boolean isSlow;
        private int failing = -1;
        private Runnable next;

        @Override
        public long capacity() {
            return 9 * GIB;
        }

        @Override
        public int preferredBlockSize() {
            return 4096;
        }

        @Override
        public boolean isReadOnly() {
            return false;
        }

        @Override
        public String serial() {
            return "large";
        }

        private void change(final Change change, final Completion completion, final long token) {
            final int status = changes.size() == failing ? STATUS_NO_SPACE : STATUS_OK;
            changes.add(change);
            if (isSlow) {
                next = () -> completion.onComplete(token, status);
            } else {
                completion.onComplete(token, status);
            }
        }

        @Override
        public void discard(
                final long offset,
                final long length,
                final boolean durable,
                final Completion completion,
                final long token) {
            change(new Change("discard", offset, length, durable), completion, token);
        }

        @Override
        public void writeZeroes(
                final long offset,
                final long length,
                final boolean mayUnmap,
                final boolean durable,
                final Completion completion,
                final long token) {
            change(new Change(mayUnmap ? "unmap" : "zero", offset, length, durable), completion, token);
        }

        @Override
        public void read(final long offset, final IoVec buffers, final Completion completion, final long token) {
            throw new AssertionError();
        }

        @Override
        public void write(
                final long offset,
                final IoVec buffers,
                final boolean durable,
                final Completion completion,
                final long token) {
            throw new AssertionError();
        }

        @Override
        public void flush(final Completion completion, final long token) {
            throw new AssertionError();
        }

        @Override
        public void cancel(final Completion completion) {
            next = null;
        }
    }

    @ParameterizedTest
    @CsvSource({"4, 0, false, discard", "6, 0, false, unmap", "6, 2, true, zero"})
    void aLongRangeIsDividedAndAnsweredOnce(final int command, final int flags, final boolean isSlow, final String what)
            throws IOException {
        final LargeDevice large = new LargeDevice();
        large.isSlow = isSlow;
        try (MemoryBlockDevice memory = new MemoryBlockDevice(4096);
                ServedExport export = ServedExport.at(directory.resolve("s"), memory, large);
                NbdClient client = NbdClient.goStructured(directory.resolve("s"), true)) {
            client.sendRequest(command, flags | Nbd.CMD_FLAG_FUA, 7, 512, 5 * GIB);
            for (int i = 0; isSlow && i < 3; i++) {
                export.await(() -> large.next != null);
                export.call(() -> {
                    final Runnable done = large.next;
                    large.next = null;
                    done.run();
                    return null;
                });
            }
            final NbdClient.Reply reply = client.reply(0);
            assertThat(reply.error()).isZero();
            assertThat(reply.cookie()).isEqualTo(7);
            assertThat(export.call(() -> List.copyOf(large.changes)))
                    .containsExactly(
                            new Change(what, 512, 2 * GIB, true),
                            new Change(what, 512 + 2 * GIB, 2 * GIB, true),
                            new Change(what, 512 + 4 * GIB, GIB, true));
        }
    }

    @Test
    void aPartThatFailsEndsIt() throws IOException {
        final LargeDevice large = new LargeDevice();
        large.failing = 1;
        try (MemoryBlockDevice memory = new MemoryBlockDevice(4096);
                ServedExport export = ServedExport.at(directory.resolve("s"), memory, large);
                NbdClient client = NbdClient.goStructured(directory.resolve("s"), true)) {
            assertThat(client.command(Nbd.CMD_TRIM, 0, 0, 9 * GIB).error()).isEqualTo(Nbd.ENOSPC);
            assertThat(export.<Integer>call(large.changes::size)).isEqualTo(2);
            assertThat(client.command(Nbd.CMD_TRIM, 0, 0, GIB).error()).isZero();
        }
    }
}
