package io.varve.s3;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

final class RevocableSegmentTest {
    @Test
    void copiesUntilItIsRevoked() {
        final byte[] bytes = {1, 2, 3, 4};
        final RevocableSegment memory = new RevocableSegment(MemorySegment.ofArray(bytes));
        final byte[] out = new byte[2];
        assertThat(memory.copyOut(1, out)).isTrue();
        assertThat(out).containsExactly(2, 3);
        assertThat(memory.copyIn(2, ByteBuffer.wrap(new byte[] {9, 8, 7}, 1, 2).asReadOnlyBuffer()))
                .isTrue();
        assertThat(bytes).containsExactly(1, 2, 8, 7);

        memory.revoke();
        assertThat(memory.copyOut(0, out)).isFalse();
        assertThat(out).containsExactly(2, 3);
        assertThat(memory.copyIn(0, ByteBuffer.allocate(4))).isFalse();
        assertThat(bytes).containsExactly(1, 2, 8, 7);
    }
}
