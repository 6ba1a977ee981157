package io.varve.launcher.image;

import io.varve.launcher.UserException;
import io.varve.launcher.config.UserPath;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file that is imported, or what comes through a pipe. What is there and is no plain file is read once, from its beginning to its
 * end.
 */
public final class ImageInput implements ReadableByteChannel {
    private static final String PIPE = "-";

    private final String name;
    private final FileChannel channel;
    private final boolean isStream;
    private final ByteBuffer start = ByteBuffer.allocate(Signature.START).limit(0);

    private ImageInput(final String name, final FileChannel channel, final boolean isStream) {
        this.name = name;
        this.channel = channel;
        this.isStream = isStream;
    }

    /**
     * Opens it.
     *
     * @param name its path, or '-' for the standard input.
     */
    public static ImageInput open(final String name) throws IOException {
        final boolean isPipe = name.equals(PIPE);
        final FileChannel channel = isPipe
                ? new FileInputStream(FileDescriptor.in).getChannel()
                : FileChannel.open(UserPath.of(name), StandardOpenOption.READ);
        return new ImageInput(name, channel, isPipe || !Files.isRegularFile(UserPath.of(name)));
    }

    /** Whether it can be read once only, and how long it is isn't known before. */
    public boolean isStream() {
        return isStream;
    }

    /** Where it is; not of a pipe. */
    public Path path() {
        return UserPath.of(name).toAbsolutePath();
    }

    /**
     * What it is: what an option says, else what its name and its contents agree on. Contents alone decide nothing: the guest
     * of a raw disk may have written them. To be called once, before anything is read.
     *
     * @param option null when it was not given.
     * @throws UserException when name and contents don't agree, with how to say what it is.
     */
    public ImageFormat format(final String option) throws IOException {
        if (option != null) {
            try {
                return ImageFormat.named(option);
            } catch (final UserException e) {
                throw new UserException("--format: " + e.getMessage(), e);
            }
        }
        readStart();
        final ImageFormat named = ImageFormat.ofSuffix(name);
        final ImageFormat byName = named == null ? ImageFormat.RAW : named;
        final Signature found = Signature.find(start.array(), isStream ? new byte[0] : end());
        if (found != null && found.format() == null) {
            throw new UserException(what() + " is packed: unpack it into the command, as by '" + found.unpacks()
                    + (isStream ? "" : " " + name)
                    + " | varve volume import - NAME', or, if it is a disk as it stands, say"
                    + " --format raw");
        }
        final ImageFormat content = found == null ? ImageFormat.RAW : found.format();
        if (content != byName) {
            throw new UserException(
                    content == ImageFormat.RAW
                            ? what() + " does not begin like a " + byName + " image: say what it is, with --format"
                            : what() + " begins like a " + content + " image"
                                    + (named == null ? "" : " and is named otherwise")
                                    + ": say what it is, with --format "
                                    + content + " or --format raw");
        }
        return content;
    }

    private void readStart() throws IOException {
        start.clear();
        while (start.hasRemaining() && channel.read(start) >= 0) {
            // Until it is full, or the end is reached.
        }
        start.flip();
    }

    private String what() {
        return name.equals(PIPE) ? "the standard input" : name;
    }

    private byte[] end() throws IOException {
        final ByteBuffer end = ByteBuffer.allocate(Signature.END);
        long at = Math.max(0, channel.size() - Signature.END);
        for (int count = 0; end.hasRemaining() && count >= 0; at += count) {
            count = channel.read(end, at);
        }
        return end.array();
    }

    @Override
    public int read(final ByteBuffer target) throws IOException {
        if (!start.hasRemaining()) {
            return channel.read(target);
        }
        final int count = Math.min(start.remaining(), target.remaining());
        target.put(start.slice(start.position(), count));
        start.position(start.position() + count);
        return count;
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
