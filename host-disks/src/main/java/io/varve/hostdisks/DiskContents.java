package io.varve.hostdisks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** What lies on a disk, as far as its beginning and its end tell. Nothing that is there is ever taken for nothing. */
final class DiskContents {
    /** What can't be told. */
    static final String UNKNOWN = "data of an unknown kind";

    /** Bytes at either end that are looked at: all places where file systems, volume managers and partition tables mark theirs. */
    static final int LOOKED_AT = 1 << 20;

    private record Mark(String name, int offset, byte[] bytes) {
        static Mark of(final String name, final int offset, final String ascii) {
            return new Mark(name, offset, ascii.getBytes(StandardCharsets.ISO_8859_1));
        }

        boolean isIn(final byte[] head) {
            return head.length >= offset + bytes.length
                    && Arrays.equals(head, offset, offset + bytes.length, bytes, 0, bytes.length);
        }
    }

    /** The more telling ones first: a boot sector ends as a partition table does. */
    private static final List<Mark> MARKS = List.of(
            Mark.of("ext4", 0x438, "\u0053\u00ef"),
            Mark.of("xfs", 0, "XFSB"),
            Mark.of("btrfs", 0x10040, "_BHRfS_M"),
            Mark.of("f2fs", 0x400, "\u0010\u0020\u00f5\u00f2"),
            Mark.of("squashfs", 0, "hsqs"),
            Mark.of("iso9660", 0x8001, "CD001"),
            Mark.of("an encrypted disk (LUKS)", 0, "LUKS\u00ba\u00be"),
            Mark.of("a part of LVM", 0x218, "LVM2 001"),
            Mark.of("swap", 4096 - 10, "SWAPSPACE2"),
            Mark.of("ntfs", 3, "NTFS    "),
            Mark.of("exfat", 3, "EXFAT   "),
            Mark.of("vfat", 0x52, "FAT32   "),
            Mark.of("vfat", 0x36, "FAT1"),
            Mark.of("partitions", 0x200, "EFI PART"),
            Mark.of("partitions", 0x1fe, "\u0055\u00aa"));

    private DiskContents() {}

    /**
     * Looks.
     *
     * @param device    or a file.
     * @param sizeBytes of it.
     * @return null when it is blank: both ends are zeros; the kind of a file system as {@code mount} names it (ext2 and ext3 as ext4);
     *     what else it is, in words; or {@link #UNKNOWN}.
     * @throws IOException when it can't be read.
     */
    static String find(final Path device, final long sizeBytes) throws IOException {
        try (FileChannel channel = FileChannel.open(device)) {
            final int length = (int) Math.min(LOOKED_AT, sizeBytes);
            final byte[] head = read(channel, 0, length);
            for (final Mark mark : MARKS) {
                if (mark.isIn(head)) {
                    return mark.name;
                }
            }
            return isZero(head) && isZero(read(channel, sizeBytes - length, length)) ? null : UNKNOWN;
        }
    }

    private static byte[] read(final FileChannel channel, final long offset, final int length) throws IOException {
        final ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, offset + bytes.position()) < 0) {
                throw new IOException("it ends before it should");
            }
        }
        return bytes.array();
    }

    private static boolean isZero(final byte[] bytes) {
        for (final byte each : bytes) {
            if (each != 0) {
                return false;
            }
        }
        return true;
    }
}
