package io.varve.lsvd.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.varve.testsupport.CompiledJvm;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class SectorCipherTest {
    private static final int SECTOR = SectorCipher.SECTOR;
    private static final HexFormat HEX = HexFormat.of();

    private final MemorySegment plain = Arena.ofAuto().allocate(5L * SECTOR, 8);
    private final MemorySegment stored = Arena.ofAuto().allocate(5L * SECTOR, 8);

    /** Vector 10 of IEEE 1619: its unit is of 512 bytes, which are the first of a longer sector. */
    @Test
    void isThatOfTheStandard() {
        final SectorCipher cipher =
                new SectorCipher(HEX.parseHex("2718281828459045235360287471352662497757247093699959574966967627"
                        + "3141592653589793238462643383279502884197169399375105820974944592"));
        for (int i = 0; i < 512; i++) {
            plain.set(ValueLayout.JAVA_BYTE, i, (byte) i);
        }
        cipher.encrypt(0xff, plain.address(), stored.address(), SECTOR);
        assertThat(HEX.formatHex(stored.asSlice(0, 512).toArray(ValueLayout.JAVA_BYTE)))
                .isEqualTo("1c3b3a102f770386e4836c99e370cf9bea00803f5e482357a4ae12d414a3e63b"
                        + "5d31e276f8fe4a8d66b317f9ac683f44680a86ac35adfc3345befecb4bb188fd"
                        + "5776926c49a3095eb108fd1098baec70aaa66999a72a82f27d848b21d4a741b0"
                        + "c5cd4d5fff9dac89aeba122961d03a757123e9870f8acf1000020887891429ca"
                        + "2a3e7a7d7df7b10355165c8b9a6d0a7de8b062c4500dc4cd120c0f7418dae3d0"
                        + "b5781c34803fa75421c790dfe1de1834f280d7667b327f6c8cd7557e12ac3a0f"
                        + "93ec05c52e0493ef31a12d3d9260f79a289d6a379bc70c50841473d1a8cc81ec"
                        + "583e9645e07b8d9670655ba5bbcfecc6dc3966380ad8fecb17b6ba02469a020a"
                        + "84e18e8f84252070c13e9f1f289be54fbc481457778f616015e1327a02b140f1"
                        + "505eb309326d68378f8374595c849d84f4c333ec4423885143cb47bd71c5edae"
                        + "9be69a2ffeceb1bec9de244fbe15992b11b77c040f12bd8f6a975a44a0f90c29"
                        + "a9abc3d4d893927284c58754cce294529f8614dcd2aba991925fedc4ae74ffac"
                        + "6e333b93eb4aff0479da9a410e4450e0dd7ae4c6e2910900575da401fc07059f"
                        + "645e8b7e9bfdef33943054ff84011493c27b3429eaedb4ed5376441a77ed4385"
                        + "1ad77f16f541dfd269d50d6a5f14fb0aab1cbb4c1550be97f7ab4066193c4caa"
                        + "773dad38014bd2092fa755c824bb5e54c4f36ffda9fcea70b9c6e693e148c151");
        cipher.encrypt(0xffff, plain.address(), stored.address(), SECTOR);
        // Vector 11, the beginning.
        assertThat(HEX.formatHex(stored.asSlice(0, 32).toArray(ValueLayout.JAVA_BYTE)))
                .isEqualTo("77a31251618a15e6b92d1d66dffe7b50b50bad552305ba0217a610688eff7e11");
    }

    /** Whole sectors, more than are done at once; the sums are those of another implementation (OpenSSL's). */
    @Test
    void isThatOfOthers() throws Exception {
        final byte[] key = key();
        final SectorCipher cipher = new SectorCipher(key);
        fill();
        cipher.encrypt(0x123456789abcL, plain.address(), stored.address(), 5 * SECTOR);
        assertThat(sum(stored)).isEqualTo("5b665f1bddb75036fa8e0491a0e5b3d4f54206fb03e1e7324036d9a2d84b2d54");
        final MemorySegment back = Arena.ofAuto().allocate(5L * SECTOR, 8);
        cipher.decrypt(0x123456789abcL, stored.address(), back.address(), 5 * SECTOR);
        assertThat(back.mismatch(plain)).isEqualTo(-1);
        // One sector out of the middle, in its place.
        final MemorySegment one = stored.asSlice(3L * SECTOR, SECTOR);
        cipher.decrypt(0x123456789abcL + 3, one.address(), one.address(), SECTOR);
        assertThat(one.mismatch(plain.asSlice(3L * SECTOR, SECTOR))).isEqualTo(-1);
    }

    @Test
    void aSectorElsewhereIsOfOtherBytes() {
        final SectorCipher cipher = new SectorCipher(key());
        cipher.encrypt(7, plain.address(), stored.address(), 2 * SECTOR);
        assertThat(stored.asSlice(0, SECTOR).mismatch(stored.asSlice(SECTOR, SECTOR)))
                .isZero();
        for (int i = 16; i < SECTOR; i += 16) {
            assertThat(stored.asSlice(0, 16).mismatch(stored.asSlice(i, 16))).isNotEqualTo(-1);
        }
    }

    @Test
    void doesWholeSectorsOnly() {
        final SectorCipher cipher = new SectorCipher(key());
        assertThatThrownBy(() -> cipher.encrypt(0, plain.address(), stored.address(), 512))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void allocatesNothing() throws Exception {
        assertThat(CompiledJvm.run(Load.class)[0]).isEqualTo("0");
    }

    /** Run in a JVM of its own by the test. */
    static final class Load {
        private Load() {}

        /** Prints the least that some rounds allocate. */
        public static void main(final String[] args) {
            final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            final MemorySegment memory = Arena.ofAuto().allocate(16L * SECTOR, 8);
            long least = Long.MAX_VALUE;
            try (DataKey key = DataKey.random();
                    SectorKey sectors = key.logKey(new UUID(1, 2), new byte[SectorKey.SALT_LENGTH])) {
                final SectorCipher cipher = sectors.cipher();
                for (int round = 0; round < 60 && least > 0; round++) {
                    final long before = threads.getCurrentThreadAllocatedBytes();
                    for (int i = 0; i < 2000; i++) {
                        cipher.encrypt(i, memory.address(), memory.address(), SECTOR);
                        cipher.decrypt(i, memory.address(), memory.address(), (1 + i % 16) * SECTOR);
                    }
                    least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
                }
            }
            System.out.println(least);
        }
    }

    private static byte[] key() {
        final byte[] key = new byte[SectorKey.LENGTH];
        for (int i = 0; i < key.length; i++) {
            key[i] = (byte) i;
        }
        return key;
    }

    private void fill() {
        for (int i = 0; i < plain.byteSize(); i++) {
            plain.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 7 + i / 256));
        }
    }

    static String sum(final MemorySegment bytes) throws Exception {
        return HEX.formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.toArray(ValueLayout.JAVA_BYTE)));
    }
}
