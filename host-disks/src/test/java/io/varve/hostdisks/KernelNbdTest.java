package io.varve.hostdisks;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Messages byte for byte, as linux/netlink.h, linux/genetlink.h and linux/nbd-netlink.h lay them out. */
class KernelNbdTest {
    private static final int FAMILY = 0x1b;

    @Test
    void connectHandsOverASocketAndAllThatTheKernelHasToKnow() {
        final byte[] bytes = KernelNbd.connectMessage(
                        FAMILY, 7, new KernelNbd.Connection("ab", 9, 0x1_0000_0000L, 512, 0x6d, 86_400))
                .bytes();
        assertThat(HexFormat.of().formatHex(bytes))
                .isEqualTo(
                        // length, family, REQUEST and ACK, sequence, port
                        "68000000" + "1b00" + "0500" + "07000000" + "00000000"
                                // CONNECT, version, reserved
                                + "01" + "01" + "0000"
                                // SIZE_BYTES, BLOCK_SIZE_BYTES, TIMEOUT, SERVER_FLAGS, DEAD_CONN_TIMEOUT
                                + "0c00" + "0200" + "0000000001000000"
                                + "0c00" + "0300" + "0002000000000000"
                                + "0c00" + "0400" + "0000000000000000"
                                + "0c00" + "0500" + "6d00000000000000"
                                + "0c00" + "0800" + "8051010000000000"
                                // BACKEND_IDENTIFIER, filled up to 4 bytes
                                + "0700" + "0a00" + "616200" + "00"
                                // SOCKETS { ITEM { FD } }
                                + "1000" + "0780" + "0c00" + "0180" + "0800" + "0100" + "09000000");
    }

    @Test
    void reconfigureNamesTheDeviceAndWhatItIs() {
        assertThat(HexFormat.of()
                        .formatHex(KernelNbd.reconfigureMessage(FAMILY, 1, 3, "abc", 1024, 5)
                                .bytes()))
                .isEqualTo("40000000" + "1b00" + "0500" + "01000000" + "00000000" + "03" + "01" + "0000"
                        + "0800" + "0100" + "03000000"
                        + "0800" + "0a00" + "61626300"
                        + "0c00" + "0200" + "0004000000000000"
                        + "1000" + "0780" + "0c00" + "0180" + "0800" + "0100" + "05000000");
    }

    @Test
    void reconfigureWithoutASocketTellsTheSizeOnly() {
        assertThat(HexFormat.of()
                        .formatHex(KernelNbd.reconfigureMessage(FAMILY, 1, 3, "abc", 1024, -1)
                                .bytes()))
                .isEqualTo("30000000" + "1b00" + "0500" + "01000000" + "00000000" + "03" + "01" + "0000"
                        + "0800" + "0100" + "03000000"
                        + "0800" + "0a00" + "61626300"
                        + "0c00" + "0200" + "0004000000000000");
    }

    @Test
    void readsAttributesOfAnAnswer() {
        final NetlinkAttributes attributes = new NetlinkAttributes(ByteBuffer.wrap(
                HexFormat.of().parseHex("08000200" + "6e626400" + "06000100" + "1b000000" + "08000380" + "04030201")));
        assertThat(attributes.text(2)).isEqualTo("nbd");
        assertThat(attributes.number(1)).isEqualTo(0x1b);
        assertThat(attributes.number(3)).isEqualTo(0x01020304);
        assertThat(attributes.number(4)).isEqualTo(-1);
        assertThat(attributes.text(4)).isNull();
    }

    @Test
    void leavesOutAttributesThatAreCutShort() {
        for (final String broken :
                new String[] {"", "0800", "08000100", "0800010001", "0300010001000000", "0000010001000000"}) {
            assertThat(new NetlinkAttributes(ByteBuffer.wrap(HexFormat.of().parseHex(broken))).number(1))
                    .as(broken)
                    .isEqualTo(-1);
        }
    }
}
