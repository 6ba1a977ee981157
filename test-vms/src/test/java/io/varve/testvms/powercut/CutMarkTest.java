package io.varve.testvms.powercut;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class CutMarkTest {
    @Test
    void isReadAsItWasWritten() {
        final CutMark mark = new CutMark(3, CutMark.Phase.FLUSHED, 1L << 40);
        final ByteBuffer buffer = ByteBuffer.allocate(CutMark.SIZE);
        mark.encode(buffer);
        assertThat(CutMark.decode(buffer)).isEqualTo(mark);
    }

    @Test
    void isNotTakenFromAnythingElse() {
        final ByteBuffer buffer = ByteBuffer.allocate(CutMark.SIZE);
        CutMark.NONE.encode(buffer);
        buffer.put(9, (byte) 1);
        assertThatThrownBy(() -> CutMark.decode(buffer)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> CutMark.decode(ByteBuffer.allocate(CutMark.SIZE)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
