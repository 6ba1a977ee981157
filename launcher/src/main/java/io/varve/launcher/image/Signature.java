package io.varve.launcher.image;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * What the bytes of a file say that it is.
 *
 * @param format  null for what is no image but holds one: it is packed.
 * @param unpacks what unpacks it, as a command.
 * @param isAtEnd whether the bytes stand at the beginning of the last 512 instead of the file's.
 * @param offset  of the bytes from there.
 * @param bytes   that it is known by.
 */
record Signature(ImageFormat format, String unpacks, boolean isAtEnd, int offset, byte[] bytes) {
    /** How much of a file's beginning is looked at, in bytes. */
    static final int START = 512;

    /** How much of its end is. */
    static final int END = 512;

    private static final List<Signature> ALL = List.of(
            image(ImageFormat.DIFF, 0, "VRVD"),
            image(ImageFormat.QCOW, 0, hex("514649fb00000001")),
            image(ImageFormat.QCOW2, 0, hex("514649fb")),
            image(ImageFormat.QED, 0, "QED\0"),
            image(ImageFormat.VMDK, 0, "KDMV"),
            image(ImageFormat.VMDK, 0, "COWD"),
            image(ImageFormat.VMDK, 0, hex("bebafeca00000000")),
            image(ImageFormat.VMDK, 0, "# Disk DescriptorFile"),
            image(ImageFormat.VDI, 64, hex("7f10dabe")),
            image(ImageFormat.VHDX, 0, "vhdxfile"),
            image(ImageFormat.VPC, 0, "conectix"),
            new Signature(ImageFormat.VPC, null, true, 0, ascii("conectix")),
            image(ImageFormat.PARALLELS, 0, "WithoutFreeSpace"),
            image(ImageFormat.PARALLELS, 0, "WithouFreSpacExt"),
            new Signature(ImageFormat.DMG, null, true, 0, ascii("koly")),
            image(ImageFormat.CLOOP, 0, "#!/bin/sh\n#V2.0 Format\nmodprobe cloop"),
            image(ImageFormat.BOCHS, 0, "Bochs Virtual HD Image"),
            packed("zcat", 0, hex("1f8b08")),
            packed("xzcat", 0, hex("fd377a585a00")),
            packed("zstdcat", 0, hex("28b52ffd")),
            packed("bzcat", 0, ascii("BZh")),
            packed("lz4cat", 0, hex("04224d18")),
            packed("unzip -p", 0, hex("504b0304")),
            packed("7z x -so", 0, hex("377abcaf271c")),
            packed("tar -xOf", 257, ascii("ustar")));

    /**
     * The first that a file has, or null.
     *
     * @param start its first bytes, as many as there are.
     * @param end   its last bytes; empty where they are not known.
     */
    static Signature find(final byte[] start, final byte[] end) {
        return ALL.stream()
                .filter(one -> one.isIn(one.isAtEnd ? end : start))
                .findFirst()
                .orElse(null);
    }

    private boolean isIn(final byte[] place) {
        return place.length >= offset + bytes.length
                && Arrays.equals(place, offset, offset + bytes.length, bytes, 0, bytes.length);
    }

    private static Signature image(final ImageFormat format, final int offset, final String text) {
        return image(format, offset, ascii(text));
    }

    private static Signature image(final ImageFormat format, final int offset, final byte[] bytes) {
        return new Signature(format, null, false, offset, bytes);
    }

    private static Signature packed(final String unpacks, final int offset, final byte[] bytes) {
        return new Signature(null, unpacks, false, offset, bytes);
    }

    private static byte[] hex(final String digits) {
        return HexFormat.of().parseHex(digits);
    }

    private static byte[] ascii(final String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
