package io.varve.lsvd.crypto;

import io.varve.linux.Memory;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import javax.crypto.Cipher;

/**
 * AES-256-XTS (IEEE 1619-2018) of sectors of {@value #SECTOR} bytes in native memory, as dm-crypt's {@code aes-xts-plain64} has them. One thread's.
 * It allocates nothing once it is compiled, and keeps {@value #BUFFERS} bytes of the heap.
 *
 * <p>XTS keeps what it encrypts secret and says nothing of changes: whoever may write the disk can put an older state of a sector back, or
 * make garbage of 16 bytes. Who finds that out is told in {@code docs/keys.md}.
 *
 * <p>The blocks go through the JDK's AES/ECB, which does many at a time by the processor's own instructions; a tweak is a multiplication by x in
 * GF(2^128) further than the one before, eight of them side by side.
 */
public final class SectorCipher {
    /** Length of a sector in bytes. */
    public static final int SECTOR = 4096;

    /** Sectors that are done at once. */
    private static final int BATCH = 4;

    private static final int BUFFERS = 3 * BATCH * SECTOR;
    private static final int BLOCK = 16;
    private static final int CHAINS = 8;
    private static final VarHandle VH$long =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final Cipher encryption;
    private final Cipher decryption;
    private final Cipher tweakEncryption;
    private final byte[] numbers = new byte[BATCH * BLOCK];
    private final byte[] firstTweaks = new byte[BATCH * BLOCK];
    private final byte[] tweaks = new byte[BATCH * SECTOR];
    private final byte[] input = new byte[BATCH * SECTOR];
    private final byte[] output = new byte[BATCH * SECTOR];

    /** Makes a cipher with a key of {@value SectorKey#LENGTH} bytes, which the caller wipes. */
    SectorCipher(final byte[] key) {
        final CipherKey data = new CipherKey(key, 0);
        final CipherKey tweak = new CipherKey(key, CipherKey.LENGTH);
        try {
            encryption = cipher(Cipher.ENCRYPT_MODE, data);
            decryption = cipher(Cipher.DECRYPT_MODE, data);
            tweakEncryption = cipher(Cipher.ENCRYPT_MODE, tweak);
        } finally {
            data.destroy();
            tweak.destroy();
        }
    }

    private static Cipher cipher(final int mode, final CipherKey key) {
        try {
            final Cipher cipher = Cipher.getInstance("AES/ECB/NoPadding");
            cipher.init(mode, key);
            return cipher;
        } catch (final GeneralSecurityException e) {
            throw new AssertionError("every JDK has AES", e);
        }
    }

    /**
     * Encrypts sectors from one place to another, which may be the same one.
     *
     * @param sector number of the first.
     * @param source native address.
     * @param target native address: the same, or of memory that does not overlap.
     * @param length in bytes: a multiple of {@value #SECTOR}.
     */
    public void encrypt(final long sector, final long source, final long target, final int length) {
        crypt(encryption, sector, source, target, length);
    }

    /** Decrypts sectors; otherwise as {@link #encrypt}. */
    public void decrypt(final long sector, final long source, final long target, final int length) {
        crypt(decryption, sector, source, target, length);
    }

    private void crypt(final Cipher cipher, final long sector, final long source, final long target, final int length) {
        if (length % SECTOR != 0) {
            throw new IllegalArgumentException("no whole sectors: " + length + " bytes");
        }
        for (int done = 0; done < length; done += BATCH * SECTOR) {
            final int bytes = Math.min(BATCH * SECTOR, length - done);
            makeTweaks(sector + done / SECTOR, bytes / SECTOR);
            Memory.copy(source + done, input, 0, bytes);
            xor(input, tweaks, bytes);
            update(cipher, input, bytes, output);
            xor(output, tweaks, bytes);
            Memory.copy(output, 0, target + done, bytes);
        }
    }

    private static void update(final Cipher cipher, final byte[] from, final int length, final byte[] to) {
        try {
            cipher.update(from, 0, length, to, 0);
        } catch (final GeneralSecurityException e) {
            throw new AssertionError("the arrays are long enough", e);
        }
    }

    private static void xor(final byte[] target, final byte[] with, final int length) {
        for (int i = 0; i < length; i++) {
            target[i] ^= with[i];
        }
    }

    private void makeTweaks(final long sector, final int count) {
        for (int i = 0; i < count; i++) {
            VH$long.set(numbers, i * BLOCK, sector + i);
        }
        update(tweakEncryption, numbers, count * BLOCK, firstTweaks);
        for (int i = 0; i < count; i++) {
            makeTweaks((long) VH$long.get(firstTweaks, i * BLOCK), (long) VH$long.get(firstTweaks, i * BLOCK + 8), i);
        }
    }

    /** The tweaks of a sector's blocks from its first: those of eight blocks one by one, then each from the one eight before. */
    private void makeTweaks(final long firstLow, final long firstHigh, final int place) {
        final int from = place * SECTOR;
        long low = firstLow;
        long high = firstHigh;
        for (int at = from; at < from + CHAINS * BLOCK; at += BLOCK) {
            VH$long.set(tweaks, at, low);
            VH$long.set(tweaks, at + 8, high);
            final long carry = high >> 63 & 0x87;
            high = high << 1 | low >>> 63;
            low = low << 1 ^ carry;
        }
        for (int at = from + CHAINS * BLOCK; at < from + SECTOR; at += BLOCK) {
            final long oldLow = (long) VH$long.get(tweaks, at - CHAINS * BLOCK);
            final long oldHigh = (long) VH$long.get(tweaks, at - CHAINS * BLOCK + 8);
            final long carry = oldHigh >>> 56;
            VH$long.set(tweaks, at, oldLow << 8 ^ carry ^ carry << 1 ^ carry << 2 ^ carry << 7);
            VH$long.set(tweaks, at + 8, oldHigh << 8 | oldLow >>> 56);
        }
    }
}
