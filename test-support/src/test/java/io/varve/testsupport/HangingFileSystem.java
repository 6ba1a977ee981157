package io.varve.testsupport;

import io.varve.linux.LinuxFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file system of this process (FUSE, linux/fuse.h) with one file. It lets that be opened, and answers nothing else until it is {@linkplain
 * #close() closed}: whoever asks for anything, be it to close the file, waits for that.
 */
final class HangingFileSystem implements AutoCloseable {
    private static final int O_RDWR = 2;
    private static final int HEADER_LENGTH = 16;
    private static final int MAX_REQUEST = 256 << 10;

    private static final int LOOKUP = 1;
    private static final int GETATTR = 3;
    private static final int OPEN = 14;
    private static final int INIT = 26;

    private static final int INIT_LENGTH = 64;
    private static final int ENTRY_LENGTH = 40;
    private static final int ATTRIBUTE_HEADER_LENGTH = 16;
    private static final int ATTRIBUTES_LENGTH = 88;
    private static final int OPEN_LENGTH = 16;
    private static final int DIRECTORY = 040755;
    private static final int FILE = 0100666;

    private final Path directory;
    private final LinuxFile device;
    private final Thread thread;

    private HangingFileSystem(final Path directory, final LinuxFile device) {
        this.directory = directory;
        this.device = device;
        thread = Thread.ofPlatform().daemon().name("fuse").start(this::serve);
    }

    /** Mounts one on a directory; null where that is not permitted. */
    static HangingFileSystem mount(final Path directory) throws IOException {
        if (!Files.isWritable(Path.of("/dev/fuse"))) {
            return null;
        }
        final LinuxFile device = LinuxFile.open(Path.of("/dev/fuse"), O_RDWR);
        final String options = "fd=" + device.fd() + ",rootmode=40000,user_id=0,group_id=0";
        if (!NativeFds.mount("fuse", directory.toString(), options)) {
            device.close();
            return null;
        }
        return new HangingFileSystem(directory, device);
    }

    /** Opens the file. */
    LinuxFile open() throws IOException {
        return LinuxFile.open(directory.resolve("file"), O_RDWR);
    }

    private void serve() {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment request = arena.allocate(MAX_REQUEST, 8);
            while (NativeFds.read(device.fd(), request) > 0) {
                final MemorySegment reply = answer(arena, request);
                if (reply != null) {
                    reply.set(ValueLayout.JAVA_INT, 0, (int) reply.byteSize());
                    reply.set(ValueLayout.JAVA_LONG, 8, request.get(ValueLayout.JAVA_LONG, 8));
                    NativeFds.write(device.fd(), reply);
                }
            }
        } catch (final IOException e) {
            throw new AssertionError(e);
        }
    }

    private static MemorySegment answer(final Arena arena, final MemorySegment request) {
        switch (request.get(ValueLayout.JAVA_INT, 4)) {
            case INIT -> {
                final MemorySegment reply = arena.allocate(HEADER_LENGTH + INIT_LENGTH, 8);
                reply.set(ValueLayout.JAVA_INT, HEADER_LENGTH, 7);
                reply.set(ValueLayout.JAVA_INT, HEADER_LENGTH + 4, 31);
                reply.set(ValueLayout.JAVA_INT, HEADER_LENGTH + 20, 4096);
                return reply;
            }
            case LOOKUP -> {
                final MemorySegment reply = arena.allocate(HEADER_LENGTH + ENTRY_LENGTH + ATTRIBUTES_LENGTH, 8);
                reply.set(ValueLayout.JAVA_LONG, HEADER_LENGTH, 2);
                attributes(reply.asSlice(HEADER_LENGTH + ENTRY_LENGTH), FILE);
                return reply;
            }
            case GETATTR -> {
                final boolean isRoot = request.get(ValueLayout.JAVA_LONG, 16) == 1;
                if (!isRoot) {
                    return null;
                }
                final MemorySegment reply =
                        arena.allocate(HEADER_LENGTH + ATTRIBUTE_HEADER_LENGTH + ATTRIBUTES_LENGTH, 8);
                attributes(reply.asSlice(HEADER_LENGTH + ATTRIBUTE_HEADER_LENGTH), DIRECTORY);
                return reply;
            }
            case OPEN -> {
                return arena.allocate(HEADER_LENGTH + OPEN_LENGTH, 8);
            }
            default -> {
                return null;
            }
        }
    }

    private static void attributes(final MemorySegment target, final int mode) {
        target.set(ValueLayout.JAVA_LONG, 8, 1 << 20);
        target.set(ValueLayout.JAVA_INT, 60, mode);
        target.set(ValueLayout.JAVA_INT, 64, 1);
        target.set(ValueLayout.JAVA_INT, 80, 4096);
    }

    /** Whoever waits gets an error. */
    @Override
    public void close() throws IOException {
        NativeFds.unmount(directory.toString());
        device.close();
        try {
            thread.join(1000);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
